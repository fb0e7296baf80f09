// Rows of the view: what colours show, how text is marked, light or dark. Nothing here changes a number.

import { colourings } from "../colourings";
import type { Setting } from "../settings";

const colourOptions = Object.entries(colourings).map(([value, { label, help }]) => ({ value, label, help }));

/** The view knobs, in the order of their controls. */
export const viewRows: readonly Setting[] = [
  {
    kind: "choice",
    key: "colourBy",
    label: "Colour by",
    group: "view",
    urlKey: "col",
    default: "dependency",
    options: colourOptions,
    help: "Which number of a token its colour shows.",
  },
  {
    kind: "choice",
    key: "scale",
    label: "Scale",
    group: "view",
    urlKey: "scale",
    default: "linear",
    options: [
      { value: "linear", label: "Linear" },
      { value: "log", label: "Log", help: "Shows differences among small values." },
      { value: "rank", label: "Rank", help: "Even use of the colours: position among all tokens." },
    ],
    help: "How values become colours.",
  },
  {
    kind: "choice",
    key: "marking",
    label: "Mark tokens by",
    group: "view",
    urlKey: "mark",
    default: "colour",
    options: [
      { value: "colour", label: "Colour" },
      { value: "underline", label: "Underline", help: "Thickness of a line below the token, for reading without colour." },
    ],
    help: "Colour of the ground or thickness of an underline.",
  },
  {
    kind: "choice",
    key: "granularity",
    label: "Granularity",
    group: "view",
    urlKey: "gran",
    default: "token",
    options: [
      { value: "token", label: "Token" },
      { value: "word", label: "Word", help: "Every token shows the mean of its word." },
      { value: "step", label: "Sentence", help: "Every token shows the mean of its sentence." },
    ],
    help: "Over what the coloured value is averaged.",
  },
  {
    kind: "choice",
    key: "theme",
    label: "Theme",
    group: "view",
    urlKey: "theme",
    default: "system",
    options: [
      { value: "system", label: "System" },
      { value: "light", label: "Light" },
      { value: "dark", label: "Dark" },
      { value: "contrast", label: "High contrast", help: "Black and white with lines around everything, light or dark as the system is." },
    ],
    help: "Light, dark, high contrast, or as the operating system says.",
  },
];
