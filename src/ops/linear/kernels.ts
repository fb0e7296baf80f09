// The compute kernels of ops/linear and which variant serves which size. Variants never differ in a bit (see product.wgsl), so
// the choice here is about speed alone; a rough arithmetic, where a caller asks for one, has a kernel of its own (roughProduct.wgsl).

import type { Kernel } from "@/gpu/dispatcher";
import { formatCode, type MatrixFormat } from "../matrix";
import { variants } from "../variants";
import adapterInsideCode from "./adapterInside.wgsl?raw";
import adapterOutsideCode from "./adapterOutside.wgsl?raw";
import { type Arithmetic, isRough } from "./arithmetic";
import f16BlockCode from "./f16Block.wgsl?raw";
import int8BlockCode from "./int8Block.wgsl?raw";
import lanesCode from "./lanes.wgsl?raw";
import frameCode from "./linear.wgsl?raw";
import normedCode from "./normedLinear.wgsl?raw";
import oneMatrixCode from "./oneMatrix.wgsl?raw";
import productCode from "./product.wgsl?raw";
import roughProductCode from "./roughProduct.wgsl?raw";
import rowNormCode from "./rowNorm.wgsl?raw";
import rowSumsCode from "./rowSums.wgsl?raw";
import tileCode from "./tile.wgsl?raw";
import transposedCode from "./transposed.wgsl?raw";
import weightsCode from "./weights.wgsl?raw";

/** Largest number of rows the matrix-vector variant takes: four sums of four rows in registers. */
export const fewRowsLimit = 16;
/** Columns of a workgroup of that variant. */
const fewRowsColumns = 32;
/** Rows of one partial sum of `weightGradient`, as in rowSums.wgsl. */
export const chunkRows = 512;

/** How a product with a matrix goes: the frame says what is multiplied and where results go. */
export interface Frame {
  readonly name: string;
  readonly code: string;
  readonly bindings: Kernel["bindings"];
  readonly constants?: Readonly<Record<string, number>>;
}

/** x [M, K] times the rows of one matrix, as linear.wgsl says. */
export const plainFrame: Frame = {
  name: "linear",
  code: frameCode + oneMatrixCode,
  bindings: ["read", "read", "read", "read", "read", "read", "read", "write"],
};

/** The same with rows that are RMS-normalised on the way, and nothing added after, as normedLinear.wgsl says. */
export const normedFrame: Frame = {
  name: "normedLinear",
  code: normedCode + oneMatrixCode,
  bindings: ["read", "read", "read", "read", "write"],
};

/** Which loops a product takes, and whether rows are RMS-normalised on the way. */
export interface ProductShape {
  readonly format: MatrixFormat;
  /** Rows of x. */
  readonly rows: number;
  /** Columns of the result, all matrices and halves of pairs counted. */
  readonly columns: number;
  readonly norm?: boolean;
  /** Columns of W. */
  readonly width?: number;
  /** Rows of A that a workgroup's columns need for their adapters; 0 by default. */
  readonly rank?: number;
  /** Exact without it, and for formats that it has no products with. */
  readonly arithmetic?: Arithmetic;
}

const commonCode = rowNormCode + lanesCode;

/** Most rows of A that a workgroup multiplies with itself: as many as it has columns of W, so it does at most twice the work. */
const insideRank = 32;

/** Whether the workgroups of a product make t = x·Aᵀ of its adapters themselves; else it has to be there. Bits are the same. */
export function adapterInside({ rows, columns, width = 0, rank = 0 }: ProductShape): boolean {
  if (rank === 0 || rank > insideRank || rows > variants().fewRows) return false;
  return Math.ceil(columns / fewRowsColumns) * rank * width * 4 <= variants().insideBytes;
}

/** The piece of a kernel that has the adapters' t. */
function adapterPiece(shape: ProductShape): { readonly code: string; readonly constants?: Readonly<Record<string, number>> } {
  if (!adapterInside(shape)) return { code: adapterOutsideCode };
  return { code: adapterInsideCode, constants: { ADAPTER: Math.max(4, powerOfTwo(shape.rank ?? 0)) } };
}

/** The kernel of a product x·Wᵀ in a frame, and how many columns a workgroup computes. */
export function productKernel(frame: Frame, shape: ProductShape) {
  const { format, rows, columns, norm = false, width = 0, arithmetic = "f32" } = shape;
  if (arithmetic !== "f32" && isRough(arithmetic, format)) return roughKernel(frame, shape, arithmetic);
  const isStaged = norm && rows === 1 && width > 0 && width / 4 <= variants().stagedWidth;
  const constants = {
    ...frame.constants,
    FORMAT: formatCode[format],
    ...(norm && { NORM: 1 }),
    ...(isStaged && { STAGED: width / 4 }),
  };
  const adapter = adapterPiece(shape);
  const make = (entryPoint: string, own: Readonly<Record<string, number>>): Kernel => ({
    name: `${frame.name}.${entryPoint}`,
    code: frame.code + weightsCode + adapter.code + commonCode + tileCode + productCode,
    entryPoint,
    bindings: frame.bindings,
    uniform: true,
    constants: { ...constants, ...adapter.constants, ...own },
  });
  if (rows <= variants().fewRows) {
    return { kernel: make("fewRows", { ROWS: powerOfTwo(rows) }), tileColumns: fewRowsColumns, tilesDown: 1 };
  }
  const side = tileSide(rows, columns);
  return { kernel: make("manyRows", { SIDE: side }), tileColumns: 4 * side, tilesDown: Math.ceil(rows / (4 * side)) };
}

/** The same in a rough arithmetic: tiles of as many rows as share a reading of W, however many there are. */
function roughKernel(frame: Frame, shape: ProductShape, arithmetic: Exclude<Arithmetic, "f32">) {
  const { format, rows, norm = false } = shape;
  const adapter = adapterPiece(shape);
  const tileRows = powerOfTwo(Math.min(rows, fewRowsLimit));
  const code = frame.code + weightsCode + adapter.code + commonCode;
  const kernel: Kernel = {
    name: `${frame.name}.${arithmetic}`,
    code: (arithmetic === "f16" ? `enable f16;\n${code}${f16BlockCode}` : code + int8BlockCode) + roughProductCode,
    entryPoint: "roughRows",
    bindings: frame.bindings,
    uniform: true,
    constants: {
      ...frame.constants,
      ...adapter.constants,
      ...{ FORMAT: formatCode[format], ROWS: tileRows },
      ...(norm && { NORM: 1 }),
    },
  };
  return { kernel, tileColumns: fewRowsColumns, tilesDown: Math.ceil(rows / tileRows) };
}

const powerOfTwo = (atLeast: number) => 2 ** Math.ceil(Math.log2(atLeast));

/** The kernel of a product with one matrix. */
export const plainKernel = (shape: ProductShape) => productKernel(shape.norm ? normedFrame : plainFrame, shape);

/** Tiled product with W instead of its transpose. */
export function transposedKernel(format: MatrixFormat, side: number): Kernel {
  return {
    name: "linear.transposed",
    code: plainFrame.code + weightsCode + adapterOutsideCode + tileCode + transposedCode,
    entryPoint: "transposed",
    bindings: plainFrame.bindings,
    uniform: true,
    constants: { FORMAT: formatCode[format], SIDE: side },
  };
}

export function weightGradientKernel(side: number): Kernel {
  return {
    name: "linear.weightGradient",
    code: rowSumsCode,
    entryPoint: "weightGradient",
    bindings: ["read", "read", "write"],
    uniform: true,
    constants: { SIDE: side },
  };
}

export const sumChunksKernel: Kernel = {
  name: "linear.sumChunks",
  code: rowSumsCode,
  entryPoint: "sumChunks",
  bindings: ["read", "write"],
  uniform: true,
};

export const columnSumKernel: Kernel = {
  name: "linear.columnSum",
  code: rowSumsCode,
  entryPoint: "columnSum",
  bindings: ["read", "write"],
  uniform: true,
};

/** Tiles of 64 where they still give every core of a GPU something to do, else tiles of 32. */
export function tileSide(height: number, width: number): number {
  return Math.ceil(height / 64) * Math.ceil(width / 64) >= variants().largeTiles ? 16 : 8;
}

/** Workgroups that cover a result with tiles of 4·side. */
export function tileCount(height: number, width: number, side: number): number {
  return Math.ceil(height / (4 * side)) * Math.ceil(width / (4 * side));
}
