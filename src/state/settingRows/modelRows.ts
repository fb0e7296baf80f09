// Rows of loading: number format per part, context, memory that may be used, and the size of pictures. The formats are those of
// models/weights.ts; what they cost in memory is the engine's plan.

import type { Setting, SettingOption } from "../settings";

const int4 = { value: "int4", label: "int4", help: "Half a byte per weight." };
const int8 = { value: "int8", label: "int8", help: "One byte per weight." };
const f16 = { value: "f16", label: "f16", help: "Two bytes per weight." };
const f32 = { value: "f32", label: "f32", help: "Four bytes per weight, as exact as the checkpoint." };

const groupSizes: readonly SettingOption[] = [
  { value: "32", label: "32 columns" },
  { value: "64", label: "64 columns" },
  { value: "128", label: "128 columns" },
];

/** The loading knobs, in the order of their controls. */
export const modelRows: readonly Setting[] = [
  {
    kind: "choice",
    key: "textFormat",
    label: "Text layers",
    group: "model",
    urlKey: "wtext",
    default: "int8",
    options: [int4, int8, f16, f32],
    help: "Number format of the language model's matrices.",
  },
  {
    kind: "choice",
    key: "visionFormat",
    label: "Vision tower",
    group: "model",
    urlKey: "wvis",
    default: "int8",
    options: [f16, f32, int8],
    help: "Number format of the vision tower's matrices.",
  },
  {
    kind: "choice",
    key: "headFormat",
    label: "Embedding, head",
    group: "model",
    urlKey: "whead",
    default: "int8",
    options: [int8, int4, f16],
    help: "Number format of the token embedding and of the last layer, which gives every token its probability.",
  },
  {
    kind: "choice",
    key: "groupSize",
    label: "Scale shared by",
    group: "model",
    urlKey: "wgroup",
    default: "32",
    options: groupSizes,
    help: "So many columns of an integer matrix share one scale; fewer are more exact. A matrix whose width is no multiple of it stays f16.",
  },
  {
    kind: "number",
    key: "contextTokens",
    label: "Context tokens",
    group: "model",
    urlKey: "ctx",
    default: 2048,
    min: 64,
    max: 8192,
    sliderMin: 128,
    sliderMax: 4096,
    step: 64,
    integer: true,
    unit: "tokens",
    help: "Tokens of picture, question and answer together that memory is set aside for, at most as many as the model takes.",
  },
  {
    kind: "number",
    key: "memoryGiB",
    label: "Memory, GiB",
    group: "model",
    urlKey: "mem",
    default: 0,
    min: 0,
    max: 1024,
    sliderMax: 24,
    step: 0.5,
    unit: "GiB",
    help: "GPU memory that may be used. 0 lets the engine estimate it, because browsers do not tell.",
  },
  {
    kind: "number",
    key: "minPixels",
    label: "Min pixels",
    group: "model",
    urlKey: "minpx",
    default: 0,
    min: 0,
    max: 16_777_216,
    sliderMax: 1_048_576,
    step: 4096,
    integer: true,
    unit: "pixels",
    help: "Smaller pictures are enlarged to this area. 0 leaves it to the model. Only for models whose picture size follows the picture.",
  },
  {
    kind: "number",
    key: "maxPixels",
    label: "Max pixels",
    group: "model",
    urlKey: "maxpx",
    default: 262_144,
    min: 0,
    max: 16_777_216,
    sliderMax: 1_048_576,
    step: 4096,
    integer: true,
    unit: "pixels",
    help: "Larger pictures are scaled down to this area: fewer pixels are fewer tokens and faster. 0 is the checkpoint's own limit.",
  },
];
