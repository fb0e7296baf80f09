// Colours of lines in charts: six hues of different lightness that stay apart in all kinds of colour vision (a test measures it), each
// readable as text on the panel's ground. Lines are told apart by dashes and names too, never by colour alone.

/** One colour per place, for the light and the dark theme. */
export const seriesColours: readonly { readonly light: string; readonly dark: string }[] = [
  { light: "#00558c", dark: "#7fc4ff" },
  { light: "#b04d00", dark: "#ffb37a" },
  { light: "#4f5a6b", dark: "#aab4c4" },
  { light: "#9a5da2", dark: "#b670b1" },
  { light: "#3a8155", dark: "#74e9cb" },
  { light: "#5a4300", dark: "#b28f25" },
];

/** Dashes of the same places. */
const dashes = [undefined, "5 3", "2 2", "8 2 2 2", "1 3", "10 4"];

/** The CSS colour of a place; places repeat after the last. */
export function seriesColour(place: number): string {
  const colour = seriesColours[place % seriesColours.length];
  return colour ? `light-dark(${colour.light}, ${colour.dark})` : "currentColor";
}

/** The dash pattern of a place; undefined is a full line. */
export function seriesDash(place: number): string | undefined {
  return dashes[place % dashes.length];
}

/** The dash pattern of a line to compare with. */
export const comparedDash = "4 3";
