// How a model family asks for its weights. `build(config, take)` names every tensor once; the same function serves to load a
// checkpoint (engine/loading), to list what a checkpoint must contain, to plan memory before a byte is fetched, and to lay out
// a synthetic checkpoint of true size.

import type { Tensor } from "@tensorflow/tfjs-core";
import type { Matrix, MatrixFormat } from "@/ops/matrix";

/** Parts of a model whose number format is chosen separately. */
export type WeightPart = "text" | "vision" | "embedding" | "head";

/** Number format per part. Matrices whose columns are no multiple of the group are stored as f16 instead of int8 or int4. */
export interface Precision {
  readonly text: MatrixFormat;
  readonly vision: MatrixFormat;
  /** LM head; a tied embedding follows it. */
  readonly head: MatrixFormat;
  /** Columns that share a scale: 32, 64 or 128. */
  readonly groupSize: number;
}

/** A matrix [rows, columns] of the checkpoint. */
export interface MatrixRequest {
  readonly kind: "matrix";
  readonly name: string;
  readonly rows: number;
  readonly columns: number;
  readonly part: WeightPart;
  /** Stays float32 whatever the precision: small, and everything after depends on it. */
  readonly exact?: boolean;
  /** The shape in the file when it is not [rows, columns]. */
  readonly storedShape?: readonly number[];
  /** One stored row → one matrix row, for kernels that are folded while loading. */
  readonly convertRow?: (row: Float32Array) => Float32Array;
}

/** A float32 tensor: norms, biases, position tables. */
export interface TensorRequest {
  readonly kind: "tensor";
  readonly name: string;
  readonly shape: readonly number[];
}

export type WeightRequest = MatrixRequest | TensorRequest;

/** Gives what is asked for. */
export interface WeightTaker {
  matrix(request: Omit<MatrixRequest, "kind">): Matrix;
  tensor(name: string, shape: readonly number[]): Tensor;
}
