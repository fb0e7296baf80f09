// Any CSS colour as #rrggbb and opacity, which every SVG program reads: computed styles may hold oklab() or color().

/** A colour for an SVG attribute. */
export interface FlatColour {
  readonly hex: string;
  /** 0 to 1. */
  readonly opacity: number;
}

let context: OffscreenCanvasRenderingContext2D | null = null;
const known = new Map<string, FlatColour>();

/** A computed colour; what is no colour is black without opacity. */
export function flatColour(colour: string): FlatColour {
  const found = known.get(colour);
  if (found) return found;
  context ??= new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  if (!context || !CSS.supports("color", colour)) return { hex: "#000000", opacity: 0 };
  context.clearRect(0, 0, 1, 1);
  context.fillStyle = colour;
  context.fillRect(0, 0, 1, 1);
  const [red = 0, green = 0, blue = 0, alpha = 0] = context.getImageData(0, 0, 1, 1).data;
  const hex = `#${[red, green, blue].map((one) => one.toString(16).padStart(2, "0")).join("")}`;
  const flat = { hex, opacity: Math.round((alpha / 255) * 1000) / 1000 };
  known.set(colour, flat);
  return flat;
}
