// How the picture is hidden for the second forward pass (the paper's I′): the official random patch blackening, the official
// alternatives, and what this page adds (grey or black everywhere, drawn regions). A mask acts on the RGB picture before the
// image processor, so sizes and token counts never change. Source: verl/workers/perc_utils.py of the official code.
import { createMt19937 } from "@/lib/mt19937";
import { gaussianBlur } from "./gaussianBlur";
import type { RgbImage } from "./rgbImage";

/** A rectangle in pixels of the picture; parts outside are ignored. */
export interface PixelRectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Which cells of a regular grid are black; right and bottom cells may be cut by the border. */
export interface MaskGrid {
  readonly rows: number;
  readonly columns: number;
  readonly cellSize: number;
  /** rows·columns values, row-major, 1 = black. */
  readonly black: Uint8Array;
}

/** A masking strategy with its parameters. */
export type MaskSpec =
  | { readonly kind: "patch_blackening"; readonly cellSize: number; readonly probability: number }
  | { readonly kind: "gaussian_noise"; readonly std: number }
  | { readonly kind: "blur"; readonly radius: number }
  | { readonly kind: "grey"; readonly value: number }
  | { readonly kind: "whole" }
  | { readonly kind: "region"; readonly rectangles: readonly PixelRectangle[] }
  | { readonly kind: "cells"; readonly grid: MaskGrid };

/** Name of a strategy. */
export type MaskKind = MaskSpec["kind"];

interface MaskStrategy<K extends MaskKind> {
  readonly label: string;
  readonly help: string;
  /** True when another seed gives another mask. */
  readonly random: boolean;
  readonly defaults: Extract<MaskSpec, { kind: K }>;
  readonly apply: (image: RgbImage, spec: Extract<MaskSpec, { kind: K }>, seed: number) => RgbImage;
}

/** Draws the black cells: row-major, one legacy numpy draw u per cell, black iff u < probability. */
function drawGrid(width: number, height: number, cellSize: number, probability: number, seed: number): MaskGrid {
  const random = createMt19937(seed);
  const rows = Math.ceil(height / cellSize);
  const columns = Math.ceil(width / cellSize);
  return {
    rows,
    columns,
    cellSize,
    black: Uint8Array.from({ length: rows * columns }, () => (random.random() < probability ? 1 : 0)),
  };
}

function blackenRectangles(image: RgbImage, rectangles: Iterable<PixelRectangle>): RgbImage {
  const { width, height } = image;
  const data = new Uint8Array(image.data);
  for (const rectangle of rectangles) {
    const left = Math.max(0, Math.floor(rectangle.x));
    const right = Math.min(width, Math.ceil(rectangle.x + rectangle.width));
    const bottom = Math.min(height, Math.ceil(rectangle.y + rectangle.height));
    if (right <= left) continue;
    for (let y = Math.max(0, Math.floor(rectangle.y)); y < bottom; y++)
      data.fill(0, (y * width + left) * 3, (y * width + right) * 3);
  }
  return { width, height, data };
}

function* blackCells(grid: MaskGrid): Generator<PixelRectangle> {
  const { columns, cellSize, black } = grid;
  for (const [i, isBlack] of black.entries()) {
    const cell = { x: (i % columns) * cellSize, y: Math.floor(i / columns) * cellSize, width: cellSize, height: cellSize };
    if (isBlack) yield cell;
  }
}

function fill(image: RgbImage, value: number): RgbImage {
  return { width: image.width, height: image.height, data: new Uint8Array(image.data.length).fill(value) };
}

/** Every strategy: what the settings show and what runs. */
export const maskStrategies: { readonly [K in MaskKind]: MaskStrategy<K> } = {
  patch_blackening: {
    label: "Random patch blackening",
    help: "Each square cell turns black with the given probability (the method of the paper).",
    random: true,
    defaults: { kind: "patch_blackening", cellSize: 14, probability: 0.5 },
    apply: (image, spec, seed) =>
      blackenRectangles(image, blackCells(drawGrid(image.width, image.height, spec.cellSize, spec.probability, seed))),
  },
  gaussian_noise: {
    label: "Gaussian noise",
    help: "Adds normal noise to every channel of every pixel and clips to 0…255.",
    random: true,
    defaults: { kind: "gaussian_noise", std: 189 },
    apply: (image, spec, seed) => {
      const random = createMt19937(seed);
      // Storing truncates to a whole number, as numpy's astype(uint8) does after the clip.
      const data = image.data.map((value) => Math.min(255, Math.max(0, value + spec.std * random.normal())));
      return { width: image.width, height: image.height, data };
    },
  },
  blur: {
    label: "Blur",
    help: "Gaussian blur with the given radius in pixels; colours and layout stay, details go.",
    random: false,
    defaults: { kind: "blur", radius: 6 },
    apply: (image, spec) => gaussianBlur(image, spec.radius),
  },
  grey: {
    label: "Grey",
    help: "One grey level everywhere.",
    random: false,
    defaults: { kind: "grey", value: 128 },
    apply: (image, spec) => fill(image, spec.value),
  },
  whole: {
    label: "Black",
    help: "The whole picture is black.",
    random: false,
    defaults: { kind: "whole" },
    apply: (image) => fill(image, 0),
  },
  region: {
    label: "Drawn region",
    help: "The rectangles you draw on the picture are black.",
    random: false,
    defaults: { kind: "region", rectangles: [] },
    apply: (image, spec) => blackenRectangles(image, spec.rectangles),
  },
  cells: {
    label: "Chosen cells",
    help: "The cells you choose are black.",
    random: false,
    defaults: { kind: "cells", grid: { rows: 0, columns: 0, cellSize: 14, black: new Uint8Array() } },
    apply: (image, spec) => blackenRectangles(image, blackCells(spec.grid)),
  },
};

/** The masked copy of a picture (same size); `seed` is numpy's legacy seed and matters for random strategies only. */
export function maskImage(image: RgbImage, spec: MaskSpec, seed: number): RgbImage {
  switch (spec.kind) {
    case "patch_blackening":
      return maskStrategies.patch_blackening.apply(image, spec, seed);
    case "gaussian_noise":
      return maskStrategies.gaussian_noise.apply(image, spec, seed);
    case "blur":
      return maskStrategies.blur.apply(image, spec, seed);
    case "grey":
      return maskStrategies.grey.apply(image, spec, seed);
    case "whole":
      return maskStrategies.whole.apply(image, spec, seed);
    case "region":
      return maskStrategies.region.apply(image, spec, seed);
    case "cells":
      return maskStrategies.cells.apply(image, spec, seed);
    default:
      return spec satisfies never;
  }
}

/** The grid of black cells that `maskImage` uses for a picture of this size; undefined for strategies without cells. */
export function maskGrid(
  size: { readonly width: number; readonly height: number },
  spec: MaskSpec,
  seed: number,
): MaskGrid | undefined {
  if (spec.kind === "cells") return spec.grid;
  if (spec.kind !== "patch_blackening") return undefined;
  return drawGrid(size.width, size.height, spec.cellSize, spec.probability, seed);
}
