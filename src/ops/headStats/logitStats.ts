// Compares the next-token distributions of both conditions, with the image and with the masked image, over the whole
// vocabulary: KL (VPPO Eq. 3), Jensen-Shannon divergence, entropies, fall of the top token, and the top-k of both.

import { type Tensor, type Tensor2D, type TensorInfo, tensor } from "@tensorflow/tfjs-core";
import { floatsOf, intsOf } from "../attention/hostValues";
import { defineOp } from "../defineOp";
import { LogitPass } from "./logitPass";
import { pairStatistics, pairWidth, rowStatistics } from "./reference";

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
/** Numbers per row of `values`. */
export const headStatsWidth = Object.keys(headStatsColumns).length;

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

const logitStatsOp = defineOp<{ readonly topK: number }>({
  name: "LogitStats",
  webgpu: (inputs, { topK }, gpu) => {
    const { logits, targets } = inputs as Record<"logits" | "targets", TensorInfo>;
    const [rows, columns] = logits.shape as [number, number];
    const pass = new LogitPass(gpu, targets, { rows, vocabulary: columns, tileColumns: columns }, { topK, jsd: true });
    pass.add({ image: logits, masked: logits, maskedRow: rows / 2, width: columns, first: 0, columns });
    pass[Symbol.dispose]();
    gpu.backend.disposeData(pass.statistics.dataId);
    return outputsOf(pass);
  },
  reference: (inputs, { topK }) => {
    const { logits, targets } = inputs as Record<"logits" | "targets", Tensor2D>;
    const columns = logits.shape[1];
    const batch = targets.size;
    const values = floatsOf(logits);
    const pairs = pairStatistics(values, rowStatistics(values, intsOf(targets), columns), columns, topK);
    return [
      tensor(pairs.values, [batch, pairWidth]),
      tensor(pairs.topIds, [batch, 2, topK], "int32"),
      tensor(pairs.topLogp, [batch, 2, topK]),
      tensor(pairs.topOther, [batch, 2, topK]),
    ];
  },
});

/** What a pass over pairs left, in the order of an op's outputs. */
export function outputsOf({ pairs }: LogitPass): TensorInfo[] {
  if (!pairs) throw new Error("a pass over single rows has no pairs");
  return [pairs.values, pairs.topIds, pairs.topLogp, pairs.topOther];
}

/** The outputs of an op by name. */
export function headStatsOf(outputs: readonly Tensor[]): HeadStats {
  const [values, topIds, topLogp, topOther] = outputs as [Tensor, Tensor, Tensor, Tensor];
  return { values, topIds, topLogp, topOther };
}

/** @throws when a kernel cannot keep so many of so many tokens. */
export function checkTopK(name: string, topK: number, vocabulary: number): void {
  if (!Number.isInteger(topK) || topK < 1 || topK > Math.min(topKLimit, vocabulary))
    throw new Error(`${name}: topK ${topK} is not between 1 and ${Math.min(topKLimit, vocabulary)}`);
}

/** Statistics of logits [2B, V] (rows 0..B−1 with the image, B.. masked) at int32 targets [B]; a target < 0 has log-prob 0. */
export function logitStats(logits: Tensor, targets: Tensor, { topK }: { readonly topK: number }): HeadStats {
  const [rows, columns] = logits.shape;
  if (logits.rank !== 2 || !columns || rows !== targets.size * 2)
    throw new Error(`logitStats: ${targets.size} targets for logits [${logits.shape.join(", ")}]; expected [2B, V]`);
  if (targets.dtype !== "int32") throw new Error(`logitStats: targets must be int32, not ${targets.dtype}`);
  checkTopK("logitStats", topK, columns);
  return headStatsOf(logitStatsOp({ logits, targets }, { topK }));
}
