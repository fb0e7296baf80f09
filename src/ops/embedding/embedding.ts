// Token embedding from an f32 or packed table, with image features put in place of the image tokens in the same pass.
// The gradient of the table adds the positions of each vocabulary row in order: deterministic, without atomics.

import type { Tensor, TensorInfo } from "@tensorflow/tfjs-core";
import { type Dispatcher, type Kernel, spread } from "@/gpu/dispatcher";
import { defineOp, type OpInfos } from "../defineOp";
import type { Matrix, MatrixFormat } from "../matrix";
import code from "./embedding.wgsl?raw";
import { gatherRows } from "./gatherRows";
import { embeddingReference, embeddingTableGradientReference } from "./reference";

/** Image features and where they go. */
export interface FeatureMerge {
  /** float32 [F, D] */
  readonly features: Tensor;
  /** int32 [M]: the feature at this position, or −1 for the table. */
  readonly featureIndex: Tensor;
  /** int32 [F]: the position of each feature (the inverse), or −1 when it is not used. */
  readonly featureRows: Tensor;
}

type TableAttributes = {
  readonly format: MatrixFormat;
  readonly rows: number;
  readonly columns: number;
  readonly groupSize: number;
};

const formatCode: Record<MatrixFormat, number> = { f32: 0, int8: 1, int4: 2 };

const lookUpKernel: Kernel = {
  name: "embedding",
  code,
  entryPoint: "lookUp",
  bindings: ["read", "read", "read", "read", "read", "write"],
  uniform: true,
};
const tableGradientKernel: Kernel = {
  name: "embeddingTableGradient",
  code,
  entryPoint: "tableGradient",
  bindings: ["read", "read", "read", "write"],
  uniform: true,
};

const tableGradient = defineOp<{ readonly rows: number }>({
  name: "EmbeddingTableGradient",
  webgpu: (inputs, { rows }, gpu) => {
    const { ids, dy, featureIndex } = inputs as Record<"ids" | "dy", TensorInfo> & { featureIndex?: TensorInfo };
    const [m, d] = dy.shape as [number, number];
    const out = gpu.output([rows, d]);
    gpu.run({
      kernel: tableGradientKernel,
      buffers: [ids, featureIndex ?? ids, dy, out],
      params: [m, d, rows, featureIndex ? 1 : 0],
      workgroups: spread(rows),
    });
    return out;
  },
  reference: embeddingTableGradientReference,
});

function lookUp(inputs: OpInfos, attributes: TableAttributes, gpu: Dispatcher): TensorInfo {
  const { ids, data, scales, features, featureIndex } = inputs as Record<"ids" | "data", TensorInfo> & OpInfos;
  const { format, columns, groupSize } = attributes;
  const m = ids.shape.reduce((a, b) => a * b, 1);
  const out = gpu.output([m, columns]);
  gpu.run({
    kernel: lookUpKernel,
    // Absent inputs are stood in for by others of the same type that the kernel then does not read.
    buffers: [ids, data, scales ?? data, features ?? data, featureIndex ?? ids, out],
    params: [m, columns, formatCode[format], groupSize, featureIndex ? 1 : 0],
    workgroups: spread(Math.ceil((m * columns) / 64)),
  });
  return out;
}

const plain = defineOp<TableAttributes>({
  name: "Embedding",
  webgpu: lookUp,
  reference: embeddingReference,
  gradient: {
    inputsToSave: ["ids"],
    backward: ([dy], { ids }, { rows }) => ({ data: () => tableGradient({ ids, dy: dy as Tensor }, { rows })[0] as Tensor }),
  },
});

const merged = defineOp<TableAttributes>({
  name: "EmbeddingMerged",
  webgpu: lookUp,
  reference: embeddingReference,
  gradient: {
    inputsToSave: ["ids", "featureIndex", "featureRows"],
    backward: ([dy], { ids, featureIndex, featureRows }, { rows }) => ({
      data: () => tableGradient({ ids, dy: dy as Tensor, featureIndex }, { rows })[0] as Tensor,
      features: () => gatherRows(dy as Tensor, featureRows as Tensor, featureIndex as Tensor),
    }),
  },
});

/**
 * Rows `ids` int32 [M] of the table [V, D] → [M, D], with image features merged in. Differentiable in an f32 table and in the
 * features. Ids outside the table are an error the caller must exclude.
 * @throws when shapes do not fit.
 */
export function embedding(ids: Tensor, table: Matrix, merge?: FeatureMerge): Tensor {
  const { format, rows, columns, groupSize, data, scales } = table;
  const attributes = { format, rows, columns, groupSize };
  if (ids.dtype !== "int32") throw new Error(`embedding: ids are ${ids.dtype}, not int32`);
  if (!merge) return plain({ ids, data, scales }, attributes)[0] as Tensor;
  const { features, featureIndex, featureRows } = merge;
  const indices = featureIndex.dtype === "int32" && featureRows.dtype === "int32";
  if (!indices || featureIndex.size !== ids.size || features.shape[1] !== columns || featureRows.size !== features.shape[0])
    throw new Error(
      `embedding: ${ids.size} ids, features [${features.shape.join(", ")}], featureIndex ${featureIndex.dtype} ` +
        `[${featureIndex.shape.join(", ")}] and featureRows ${featureRows.dtype} [${featureRows.shape.join(", ")}] do not fit`,
    );
  return merged({ ids, data, scales, features, featureIndex, featureRows }, attributes)[0] as Tensor;
}
