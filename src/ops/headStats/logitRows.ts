// Statistics of single logits rows (max, log-sum-exp, log-prob of a target, entropy) and the gradient of that log-prob. Every
// log-prob of the engine — rollout, scoring, training — comes from the kernels of logitRows.wgsl, so they agree bit for bit.

import { type Tensor, type Tensor2D, type TensorInfo, tensor } from "@tensorflow/tfjs-core";
import { spread } from "@/gpu/dispatcher";
import { floatsOf, intsOf } from "../attention/hostValues";
import { defineOp } from "../defineOp";
import { logitGradientKernel } from "./kernels";
import { LogitPass } from "./logitPass";
import { logitGradient as gradientOfRows, rowStatistics, rowWidth } from "./reference";

const logitRowsOp = defineOp<Record<string, never>>({
  name: "LogitRows",
  webgpu: (inputs, _, gpu) => {
    const { logits, targets } = inputs as Record<"logits" | "targets", TensorInfo>;
    const [rows, columns] = logits.shape as [number, number];
    const pass = new LogitPass(gpu, targets, { rows, vocabulary: columns, tileColumns: columns });
    pass.add({ image: logits, masked: logits, maskedRow: 0, width: columns, first: 0, columns });
    pass[Symbol.dispose]();
    return pass.statistics;
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

const logitGradientOp = defineOp<{ readonly first: number }>({
  name: "LogitGradient",
  webgpu: (inputs, { first }, gpu) => {
    const { logits, rows, targets, dy } = inputs as Record<"logits" | "rows" | "targets" | "dy", TensorInfo>;
    const [count, columns] = logits.shape as [number, number];
    const out = gpu.output([count, columns]);
    const workgroups = spread(Math.ceil((count * columns) / 256));
    const params = [count, columns, first, workgroups[0]];
    gpu.run({ kernel: logitGradientKernel, buffers: [logits, rows, targets, dy, out], params, workgroups });
    return out;
  },
  reference: (inputs, { first }) => {
    const { logits, rows, targets, dy } = inputs as Record<"logits" | "rows" | "targets" | "dy", Tensor2D>;
    const columns = logits.shape[1];
    const gradient = gradientOfRows(floatsOf(logits), floatsOf(rows), intsOf(targets), floatsOf(dy), columns, first);
    return tensor(gradient, logits.shape);
  },
});

/**
 * dy_r · (onehot(targets_r) − softmax(logits_r)) for a tile of logits [M, N] whose first column is `first` of the vocabulary:
 * rows [M, 4] of `logitRows`, targets [M], dy [M] → [M, N].
 */
export function logitGradient(logits: Tensor, rows: Tensor, targets: Tensor, dy: Tensor, first = 0): Tensor {
  return logitGradientOp({ logits, rows, targets, dy }, { first })[0] as Tensor;
}
