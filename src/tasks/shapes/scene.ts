// The shapes world: what a scene is made of and how objects are placed. One object per cell of a 3×3 grid, jittered inside
// its cell, so objects never overlap. What may be asked about a scene is in `query.ts`, its pixels in `render.ts`.

import { pcg3d, type Rng } from "@/lib/rng";

export const shapeNames = ["circle", "square", "triangle"] as const;
export type ShapeName = (typeof shapeNames)[number];

export const colorNames = ["red", "green", "blue", "yellow"] as const;
export type ColorName = (typeof colorNames)[number];

/** Cells in reading order, as the answers name them. */
export const cellNames = [
  "top left",
  "top",
  "top right",
  "left",
  "center",
  "right",
  "bottom left",
  "bottom",
  "bottom right",
] as const;

/** Red, green, blue, 0 to 255. */
export type Rgb = readonly [number, number, number];

/** What an object is, before it has a place. */
export interface ObjectKind {
  readonly shape: ShapeName;
  readonly color: ColorName;
  readonly large: boolean;
}

/** An object in its place; lengths in pixels of the image. */
export interface SceneObject extends ObjectKind {
  /** Index into `cellNames`. */
  readonly cell: number;
  readonly centerX: number;
  readonly centerY: number;
  /** Width and height of the bounding box. */
  readonly diameter: number;
  readonly rgb: Rgb;
}

/** Everything needed to draw an image. */
export interface Scene {
  /** Objects in reading order. */
  readonly objects: readonly SceneObject[];
  readonly background: Rgb;
  /** Brightness change across the image, left to right and top to bottom. */
  readonly gradient: readonly [number, number];
  readonly noiseSeed: number;
}

/** Side of the square image in pixels. */
export const imageSize = 64;
/** Columns (and rows) of the grid. */
export const gridSize = 3;
/** Most objects a scene may hold. */
export const maxObjects = 6;

const cellSize = imageSize / gridSize;
const smallDiameter = [14, 15] as const;
const largeDiameter = [19, 20] as const;
const maxJitter = 2.5;

const baseColors: Readonly<Record<ColorName, Rgb>> = {
  red: [214, 40, 44],
  green: [38, 150, 62],
  blue: [40, 76, 214],
  yellow: [244, 200, 24],
};

/** Places objects in random cells with jittered centre, diameter, colour and background. At most nine objects. */
export function placeObjects(kinds: readonly ObjectKind[], rng: Rng): Scene {
  const cells = shuffledCells(rng);
  const objects = kinds.map((kind, index) => placeObject(kind, cells[index] as number, rng));
  const level = 208 + rng.int(32);
  return {
    objects: objects.sort((a, b) => a.cell - b.cell),
    background: [level + centered(rng, 8), level + centered(rng, 8), level + centered(rng, 8)],
    gradient: [centered(rng, 10), centered(rng, 10)],
    noiseSeed: rng.int(0x1000000),
  };
}

function placeObject(kind: ObjectKind, cell: number, rng: Rng): SceneObject {
  const [low, high] = kind.large ? largeDiameter : smallDiameter;
  const diameter = low + rng.next() * (high - low);
  // Half a pixel of air on both sides of a cell keeps neighbours apart.
  const jitter = Math.min(maxJitter, (cellSize - diameter) / 2 - 0.5);
  const base = baseColors[kind.color];
  return {
    ...kind,
    cell,
    diameter,
    centerX: ((cell % gridSize) + 0.5) * cellSize + centered(rng, jitter),
    centerY: (Math.floor(cell / gridSize) + 0.5) * cellSize + centered(rng, jitter),
    rgb: [base[0] + centered(rng, 14), base[1] + centered(rng, 14), base[2] + centered(rng, 14)],
  };
}

function shuffledCells(rng: Rng): number[] {
  const cells = cellNames.map((_, index) => index);
  for (let i = cells.length - 1; i > 0; i--) {
    const j = rng.int(i + 1);
    const held = cells[i] as number;
    cells[i] = cells[j] as number;
    cells[j] = held;
  }
  return cells;
}

function centered(rng: Rng, radius: number): number {
  return (rng.next() * 2 - 1) * radius;
}

/** A 32-bit hash of which object kinds lie in which cells; jitter, noise and background do not count. */
export function layoutHash(scene: Scene): number {
  let hash = 0x2545f491;
  for (const object of scene.objects) {
    const kind = (shapeNames.indexOf(object.shape) * 4 + colorNames.indexOf(object.color)) * 2 + (object.large ? 1 : 0);
    hash = pcg3d(hash, object.cell, kind)[0];
  }
  return hash;
}
