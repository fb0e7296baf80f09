// Compares the next-token distributions of both conditions, with the image and with the masked image, over the whole
// vocabulary: KL (VPPO Eq. 3), Jensen-Shannon divergence, entropies, fall of the top token, and the top-k of both.

import { type Tensor, type Tensor2D, type TensorInfo, tensor } from "@tensorflow/tfjs-core";
import { type Kernel, spread } from "@/gpu/dispatcher";
import { floatsOf } from "../attention/hostValues";
import { defineOp } from "../defineOp";
import pairsCode from "./logitPairs.wgsl?raw";
import { logitRows } from "./logitRows";
import { pairStatistics, pairWidth } from "./reference";
import topCode from "./topTokens.wgsl?raw";

/** Columns of `HeadStats.values`. */
export const headStatsColumns = {
  logp: 0,
  logpMasked: 1,
  kl: 2,
  jsd: 3,
  entropy: 4,
  entropyMasked: 5,
  top1Drop: 6,
  logSumExp: 7,
} as const;

/** Statistics of R positions; nats, except the top-1 drop, which is a probability. */
export interface HeadStats {
  /** [R, 8], see `headStatsColumns`. */
  readonly values: Tensor;
  /** int32 [R, 2, K]: most likely ids under the image (0) and the masked image (1), equal ones by index. */
  readonly topIds: Tensor;
  /** [R, 2, K]: their log-probs. */
  readonly topLogp: Tensor;
  /** [R, 2, K]: the log-probs of the same ids under the other condition. */
  readonly topOther: Tensor;
}

/** Largest topK the kernel keeps. */
export const topKLimit = 64;

const pairsKernel: Kernel = {
  name: "logitPairs",
  code: pairsCode,
  entryPoint: "main",
  bindings: ["read", "read", "write"],
  uniform: true,
};

const topKernel: Kernel = {
  name: "topTokens",
  code: topCode,
  entryPoint: "main",
  bindings: ["read", "read", "write", "write", "write"],
  uniform: true,
};

const logitPairs = defineOp<{ readonly topK: number }>({
  name: "LogitPairs",
  webgpu: (inputs, { topK }, gpu) => {
    const { logits, rows } = inputs as Record<"logits" | "rows", TensorInfo>;
    const columns = logits.shape[1] as number;
    const batch = (rows.shape[0] as number) / 2;
    const values = gpu.output([batch, pairWidth]);
    const perPair = spread(batch);
    gpu.run({
      kernel: pairsKernel,
      buffers: [logits, rows, values],
      params: [batch, columns, perPair[0]],
      workgroups: perPair,
    });
    const shape = [batch, 2, topK];
    const [topIds, topLogp, topOther] = [gpu.output(shape, "int32"), gpu.output(shape), gpu.output(shape)];
    const perRow = spread(batch * 2);
    gpu.run({
      kernel: topKernel,
      buffers: [logits, rows, topIds, topLogp, topOther],
      params: [batch, columns, topK, perRow[0]],
      workgroups: perRow,
    });
    return [values, topIds, topLogp, topOther];
  },
  reference: (inputs, { topK }) => {
    const { logits, rows } = inputs as Record<"logits" | "rows", Tensor2D>;
    const batch = rows.shape[0] / 2;
    const pairs = pairStatistics(floatsOf(logits), floatsOf(rows), logits.shape[1], topK);
    return [
      tensor(pairs.values, [batch, pairWidth]),
      tensor(pairs.topIds, [batch, 2, topK], "int32"),
      tensor(pairs.topLogp, [batch, 2, topK]),
      tensor(pairs.topOther, [batch, 2, topK]),
    ];
  },
});

/** Statistics of logits [2B, V] (rows 0..B−1 with the image, B.. masked) at int32 targets [B]; a target < 0 has log-prob 0. */
export function logitStats(logits: Tensor, targets: Tensor, { topK }: { readonly topK: number }): HeadStats {
  const [rows, columns] = logits.shape;
  if (logits.rank !== 2 || !columns || rows !== targets.size * 2)
    throw new Error(`logitStats: ${targets.size} targets for logits [${logits.shape.join(", ")}]; expected [2B, V]`);
  if (!Number.isInteger(topK) || topK < 1 || topK > Math.min(topKLimit, columns))
    throw new Error(`logitStats: topK ${topK} is not between 1 and ${Math.min(topKLimit, columns)}`);
  const statistics = logitRows(logits, targets);
  const [values, topIds, topLogp, topOther] = logitPairs({ logits, rows: statistics }, { topK }) as [
    Tensor,
    Tensor,
    Tensor,
    Tensor,
  ];
  statistics.dispose();
  return { values, topIds, topLogp, topOther };
}
