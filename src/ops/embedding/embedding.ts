// Token embedding from an f32 or packed table in any number of parts, with image features put in place of the image tokens in the same pass.
// The gradient of the table adds the positions of each vocabulary row in order: deterministic, without atomics.

import type { Tensor, TensorInfo } from "@tensorflow/tfjs-core";
import { type Dispatcher, type Kernel, spread } from "@/gpu/dispatcher";
import { defineOp, type OpInfos } from "../defineOp";
import { formatCode, type Matrix, type MatrixFormat, trainableData } from "../matrix";
import code from "./embedding.wgsl?raw";
import { gatherRows } from "./gatherRows";
import { embeddingReference, embeddingTableGradientReference } from "./reference";
import tableValueCode from "./tableValue.wgsl?raw";

/** Image features and where they go. */
export interface FeatureMerge {
  /** float32 [F, D] */
  readonly features: Tensor;
  /** int32 [M]: the feature at this position, or −1 for the table. */
  readonly featureIndex: Tensor;
  /** int32 [F]: the position of each feature (the inverse), or −1 when it is not used. */
  readonly featureRows: Tensor;
}

/** A frozen table (packed, or f32 in parts) is an attribute; one f32 tensor is the input `data`, which can have a gradient. */
type TableAttributes = { readonly table?: Matrix };

/** The kernel that looks tokens up in a table of this format. */
export function lookUpKernel(format: MatrixFormat): Kernel {
  return {
    name: "embedding",
    code: code + tableValueCode,
    entryPoint: "lookUp",
    bindings: ["read", "read", "read", "read", "read", "write"],
    uniform: true,
    constants: { FORMAT: formatCode[format] },
  };
}

const tableGradientKernel: Kernel = {
  name: "embeddingTableGradient",
  code: code + tableValueCode,
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

/** One dispatch per part, each writing the rows whose ids it holds; the first one also writes the features. */
function lookUp(inputs: OpInfos, { table }: TableAttributes, gpu: Dispatcher): TensorInfo {
  const { ids, data, features, featureIndex } = inputs as Record<"ids" | "data", TensorInfo> & OpInfos;
  const [rows, columns] = table ? [table.rows, table.columns] : (data.shape as [number, number]);
  const parts: readonly { firstRow: number; rows: number; data: TensorInfo; scales?: TensorInfo }[] = table?.parts ?? [
    { firstRow: 0, rows, data },
  ];
  const m = ids.shape.reduce((a, b) => a * b, 1);
  const out = gpu.output([m, columns]);
  for (const part of parts) {
    gpu.run({
      kernel: lookUpKernel(table?.format ?? "f32"),
      // Absent inputs are stood in for by others of the same type that the kernel then does not read.
      buffers: [ids, part.data, part.scales ?? part.data, features ?? part.data, featureIndex ?? ids, out],
      params: [m, columns, table?.groupSize ?? 0, part.firstRow, part.rows, rows, featureIndex ? 1 : 0],
      workgroups: spread(Math.ceil((m * columns) / 64)),
    });
  }
  return out;
}

const plainF32 = defineOp<TableAttributes>({
  name: "EmbeddingF32",
  webgpu: lookUp,
  reference: embeddingReference,
  gradient: {
    inputsToSave: ["ids", "data"],
    backward: ([dy], { ids, data }) => ({
      data: () => tableGradient({ ids, dy: dy as Tensor }, { rows: (data as Tensor).shape[0] as number })[0] as Tensor,
    }),
  },
});

const plainFrozen = defineOp<TableAttributes>({ name: "EmbeddingFrozen", webgpu: lookUp, reference: frozenNeedsWebGpu });

const mergedF32 = defineOp<TableAttributes>({
  name: "EmbeddingMergedF32",
  webgpu: lookUp,
  reference: embeddingReference,
  gradient: {
    inputsToSave: ["ids", "data", "featureIndex", "featureRows"],
    backward: ([dy], { ids, data, featureIndex, featureRows }) => ({
      data: () =>
        tableGradient({ ids, dy: dy as Tensor, featureIndex }, { rows: (data as Tensor).shape[0] as number })[0] as Tensor,
      features: () => gatherRows(dy as Tensor, featureRows as Tensor, featureIndex as Tensor),
    }),
  },
});

const mergedFrozen = defineOp<TableAttributes>({
  name: "EmbeddingMergedFrozen",
  webgpu: lookUp,
  reference: frozenNeedsWebGpu,
  gradient: {
    inputsToSave: ["featureIndex", "featureRows"],
    backward: ([dy], { featureIndex, featureRows }) => ({
      features: () => gatherRows(dy as Tensor, featureRows as Tensor, featureIndex as Tensor),
    }),
  },
});

function frozenNeedsWebGpu(): never {
  throw new Error("a packed or split table exists on WebGPU only: make it with MatrixWriter");
}

/**
 * Rows `ids` int32 [M] of the table [V, D] → [M, D], with image features merged in. Differentiable in an f32 table
 * in one part and in the features. Ids outside the table are an error the caller must exclude (WebGPU gives zeros).
 * @throws when shapes do not fit.
 */
export function embedding(ids: Tensor, table: Matrix, merge?: FeatureMerge): Tensor {
  const data = trainableData(table);
  if (ids.dtype !== "int32") throw new Error(`embedding: ids are ${ids.dtype}, not int32`);
  if (!merge) return (data ? plainF32({ ids, data }, {}) : plainFrozen({ ids }, { table }))[0] as Tensor;
  const { features, featureIndex, featureRows } = merge;
  const indices = featureIndex.dtype === "int32" && featureRows.dtype === "int32";
  if (!indices || featureIndex.size !== ids.size || features.shape[1] !== table.columns || featureRows.size !== features.shape[0])
    throw new Error(
      `embedding: ${ids.size} ids, features [${features.shape.join(", ")}], featureIndex ${featureIndex.dtype} ` +
        `[${featureIndex.shape.join(", ")}] and featureRows ${featureRows.dtype} [${featureRows.shape.join(", ")}] do not fit`,
    );
  const inputs = { ids, features, featureIndex, featureRows };
  return (data ? mergedF32({ ...inputs, data }, {}) : mergedFrozen(inputs, { table }))[0] as Tensor;
}
