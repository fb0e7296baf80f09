// The compute kernels of ops/linear and which variant serves which size. Variants never differ in a bit (see linear.wgsl), so
// the choice here is about speed alone.

import type { Kernel } from "@/gpu/dispatcher";
import type { MatrixFormat } from "../matrix";
import linearCode from "./linear.wgsl?raw";
import rowSumsCode from "./rowSums.wgsl?raw";

/** Largest number of rows the matrix-vector variant takes: four sums of four rows in registers. */
export const fewRowsLimit = 16;
/** Rows of one partial sum of `weightGradient`, as in rowSums.wgsl. */
export const chunkRows = 512;

const formatCode = { f32: 0, int8: 1, int4: 2, f16: 3 } as const satisfies Record<MatrixFormat, number>;
const linearBindings = ["read", "read", "read", "read", "read", "write"] as const;

/** Matrix-vector product for up to `fewRowsLimit` rows, compiled for 1, 2, 4, 8 or 16. */
export function fewRowsKernel(format: MatrixFormat, rows: number): Kernel {
  return linearKernel("fewRows", { FORMAT: formatCode[format], ROWS: 2 ** Math.ceil(Math.log2(rows)) });
}

/** Tiled product; `side` threads along a tile of 4·side. */
export function manyRowsKernel(format: MatrixFormat, side: number): Kernel {
  return linearKernel("manyRows", { FORMAT: formatCode[format], SIDE: side });
}

/** Tiled product with W instead of its transpose. */
export function transposedKernel(format: MatrixFormat, side: number): Kernel {
  return linearKernel("transposed", { FORMAT: formatCode[format], SIDE: side });
}

function linearKernel(entryPoint: string, constants: Readonly<Record<string, number>>): Kernel {
  return { name: `linear.${entryPoint}`, code: linearCode, entryPoint, bindings: linearBindings, uniform: true, constants };
}

/** The products that every model with weights of this format runs: worth compiling while the weights arrive. */
export function startupKernels(format: MatrixFormat): Kernel[] {
  return [fewRowsKernel(format, fewRowsLimit), manyRowsKernel(format, 8), manyRowsKernel("f32", 8)];
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
  return Math.ceil(height / 64) * Math.ceil(width / 64) >= 128 ? 16 : 8;
}

/** Workgroups that cover a result with tiles of 4·side. */
export function tileCount(height: number, width: number, side: number): number {
  return Math.ceil(height / (4 * side)) * Math.ceil(width / (4 * side));
}
