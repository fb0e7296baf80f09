// Colour maps, baked as 16 bins for both themes. Sequential: cividis (even in all kinds of colour vision), viridis and magma, natural in
// dark and reversed in light, and Blues (one hue, for print), the other way round; their low end fades into the panel's ground so that
// small values stay quiet. Signed: PuOr with the ground in the middle. Text on a bin is black or white, whichever reads better; every
// pair has a contrast of at least 4.5 (a test measures it).

/** Number of colour steps. */
export const binCount = 16;

/** One map: bin 0 is the lowest value; for signed maps bins 0–7 are negative and 8–15 positive. */
export interface ColourMap {
  readonly light: readonly string[];
  readonly dark: readonly string[];
}

/** All maps of the page. */
export const colourMaps = {
  cividis: {
    light:
      "#ffffff #fdf9e4 #f6f0d0 #eae3c0 #d8d3b3 #c5bfa5 #aeaa96 #959285 #7c7874 #6d6c70 #5c606e #49546d #33486e #1d3d6e #09316a #00265c",
    dark: "#17191f #141c29 #162134 #1f293d #2c3446 #3d414e #515258 #666463 #7d796f #948f78 #a49d78 #b6ab73 #caba6a #e0c95d #f2d950 #fdea45",
  },
  viridis: {
    light:
      "#ffffff #f3f9d4 #d1eea8 #9dde82 #54c568 #35b779 #22a884 #1f988b #23888e #2a788e #31688e #39568c #414487 #472f7d #481a6c #440154",
    dark: "#17191f #231c31 #2e254c #36396b #39568c #31688e #2a788e #23888e #1f988b #22a884 #35b779 #54c568 #7ad151 #a5db36 #d2e21b #fde725",
  },
  magma: {
    light:
      "#ffffff #fff8e8 #ffe2c5 #ffbe97 #fc8961 #f66c5c #e85362 #d3436e #ba3878 #a02f7f #872781 #6e1e81 #56147d #3c0f71 #221150 #0f0b2c",
    dark: "#17191f #1b192e #2d1a49 #4a1c66 #742181 #8c2981 #a5317e #be3a77 #d6456c #ea5661 #f76f5c #fc8c63 #fea973 #fec589 #fde1a2 #fcfdbf",
  },
  blues: {
    light:
      "#ffffff #eaf2fb #dceaf6 #d0e1f2 #c1d9ed #abd0e6 #94c4df #79b5d9 #60a7d2 #4a98c9 #3787c0 #2575b7 #1764ab #0a539e #084285 #08306b",
    dark: "#17191f #172337 #19365b #1d5085 #2575b7 #3787c0 #4a98c9 #60a7d2 #79b5d9 #94c4df #abd0e6 #c1d9ed #d0e1f2 #dceaf6 #eaf2fb #f7fbff",
  },
  puor: {
    light:
      "#7f3b08 #a6570d #cd7412 #e68d24 #f1a243 #fdb863 #fed4a1 #fff1e0 #f0eef6 #d1cde4 #b2abd2 #9e95c3 #8a7eb4 #7361a0 #593e89 #3f1a72",
    dark: "#fdc98a #efb064 #e0973e #c67d26 #a0641d #7a4a14 #523618 #2b231d #20202e #332d4d #463a6b #5f528a #786ba9 #9386c2 #afa5d6 #cbc4ea",
  },
} as const;

export type ColourMapName = keyof typeof colourMaps;
/** The maps for values from 0 up, which a reader can choose among. */
export type SequentialMapName = Exclude<ColourMapName, "puor">;

/** The colours of a map as lists. */
export function coloursOf(name: ColourMapName): ColourMap {
  const { light, dark } = colourMaps[name];
  return { light: light.split(" "), dark: dark.split(" ") };
}

/** Black or white, whichever has more contrast on a ground of #rrggbb. */
export function textOn(ground: string): "#000000" | "#ffffff" {
  return contrast(ground, "#000000") >= contrast(ground, "#ffffff") ? "#000000" : "#ffffff";
}

/** WCAG contrast ratio of two #rrggbb colours, 1 to 21. */
export function contrast(a: string, b: string): number {
  const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

/** CSS custom properties `--bin-0` … and `--bin-0-text` …: set them on a container, everything inside uses them by bin. */
export function binVariables(name: ColourMapName): Readonly<Record<string, string>> {
  const { light, dark } = coloursOf(name);
  const variables: Record<string, string> = {};
  light.forEach((lightColour, bin) => {
    const darkColour = dark[bin] as string;
    variables[`--bin-${bin}`] = `light-dark(${lightColour}, ${darkColour})`;
    variables[`--bin-${bin}-text`] = `light-dark(${textOn(lightColour)}, ${textOn(darkColour)})`;
  });
  return variables;
}

function luminance(colour: string): number {
  const [red, green, blue] = [1, 3, 5].map((start) => {
    const value = Number.parseInt(colour.slice(start, start + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
