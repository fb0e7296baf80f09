// Statistics of single logits rows (max, log-sum-exp, log-prob of a target, entropy) and the gradient of that log-prob. Every
// log-prob of the engine — rollout, scoring, training — comes from the kernel of `logitRows`, so they agree bit for bit.

import { type Tensor, type Tensor2D, type TensorInfo, tensor } from "@tensorflow/tfjs-core";
import { type Kernel, spread } from "@/gpu/dispatcher";
import { floatsOf, intsOf } from "../attention/hostValues";
import { defineOp } from "../defineOp";
import gradientCode from "./logitGradient.wgsl?raw";
import rowsCode from "./logitRows.wgsl?raw";
import { logitGradient as gradientOfRows, rowStatistics, rowWidth } from "./reference";

const rowsKernel: Kernel = {
  name: "logitRows",
  code: rowsCode,
  entryPoint: "main",
  bindings: ["read", "read", "write"],
  uniform: true,
};

const gradientKernel: Kernel = {
  name: "logitGradient",
  code: gradientCode,
  entryPoint: "main",
  bindings: ["read", "read", "read", "read", "write"],
  uniform: true,
};

const logitRowsOp = defineOp<Record<string, never>>({
  name: "LogitRows",
  webgpu: (inputs, _, gpu) => {
    const { logits, targets } = inputs as Record<"logits" | "targets", TensorInfo>;
    const [rows, columns] = logits.shape as [number, number];
    const out = gpu.output([rows, rowWidth]);
    const workgroups = spread(rows);
    const params = [rows, columns, targets.shape[0] as number, workgroups[0]];
    gpu.run({ kernel: rowsKernel, buffers: [logits, targets, out], params, workgroups });
    return out;
  },
  reference: (inputs) => {
    const { logits, targets } = inputs as Record<"logits" | "targets", Tensor2D>;
    const [count, columns] = logits.shape;
    return tensor(rowStatistics(floatsOf(logits), intsOf(targets), columns), [count, rowWidth]);
  },
});

/** Per row of logits [M, V]: max, log Σ exp(logit − max), log-prob of the target, entropy → [M, 4]. Row r takes targets[r mod C]. */
export function logitRows(logits: Tensor, targets: Tensor): Tensor {
  const [rows, columns] = logits.shape;
  const count = targets.size;
  if (logits.rank !== 2 || !rows || !columns || !count || rows % count !== 0)
    throw new Error(`logitRows: ${count} targets for logits [${logits.shape.join(", ")}]`);
  if (targets.dtype !== "int32") throw new Error(`logitRows: targets must be int32, not ${targets.dtype}`);
  return logitRowsOp({ logits, targets }, {})[0] as Tensor;
}

const logitGradientOp = defineOp<Record<string, never>>({
  name: "LogitGradient",
  webgpu: (inputs, _, gpu) => {
    const { logits, rows, targets, dy } = inputs as Record<"logits" | "rows" | "targets" | "dy", TensorInfo>;
    const [count, columns] = logits.shape as [number, number];
    const out = gpu.output([count, columns]);
    const workgroups = spread(Math.ceil((count * columns) / 256));
    const params = [count, columns, workgroups[0]];
    gpu.run({ kernel: gradientKernel, buffers: [logits, rows, targets, dy, out], params, workgroups });
    return out;
  },
  reference: (inputs) => {
    const { logits, rows, targets, dy } = inputs as Record<"logits" | "rows" | "targets" | "dy", Tensor2D>;
    const columns = logits.shape[1];
    return tensor(gradientOfRows(floatsOf(logits), floatsOf(rows), intsOf(targets), floatsOf(dy), columns), logits.shape);
  },
});

/** dy_r · (onehot(targets_r) − softmax(logits_r)): logits [M, V], rows [M, 4] of `logitRows`, targets [M], dy [M] → [M, V]. */
export function logitGradient(logits: Tensor, rows: Tensor, targets: Tensor, dy: Tensor): Tensor {
  return logitGradientOp({ logits, rows, targets, dy }, {})[0] as Tensor;
}
