// Statistics of logits rows in plain JavaScript: what the wasm and cpu backends run and the oracle of the WGSL kernels.
// One pass with one exponential per logit costs less on wasm than the composition of stock operations (max, sub, exp, sum,
// log, gather each walk the matrix), and it sums in float64. Pure functions of typed arrays; no tensors here.

/** Numbers kept per logits row: max, log Σ exp(logit − max), log-prob of the target, entropy (nats). */
export const rowWidth = 4;
/** Numbers kept per pair of conditions; the order is that of `headStatsColumns`. */
export const pairWidth = 8;

const log2e = Math.LOG2E;
const powers = Float64Array.from({ length: 160 }, (_, k) => 2 ** -k);

/** e^x for x ≤ 0 to float32 accuracy (1e-8 relative), twice as fast as Math.exp; exactly 1 at 0. */
export function expNonPositive(x: number): number {
  if (!(x >= -104)) return x < 0 ? 0 : Number.NaN;
  const k = Math.floor(x * log2e + 0.5);
  const r = x - k * Math.LN2;
  const series = 1 + r * (1 + r * (1 / 2 + r * (1 / 6 + r * (1 / 24 + r * (1 / 120 + r * (1 / 720 + r / 5040))))));
  return series * (powers[-k] as number);
}

/** Per row of logits [M, V]: [M, 4] as `rowWidth`; row r takes target r mod targets.length; a negative target gives log-prob 0. */
export function rowStatistics(logits: Float32Array, targets: Int32Array, columns: number): Float32Array<ArrayBuffer> {
  const count = logits.length / columns;
  const rows = new Float32Array(count * rowWidth);
  for (let row = 0; row < count; row++) {
    const start = row * columns;
    const end = start + columns;
    let max = Number.NEGATIVE_INFINITY;
    for (let i = start; i < end; i++) {
      const logit = logits[i] as number;
      if (logit > max) max = logit;
    }
    let sum = 0;
    let weighted = 0;
    for (let i = start; i < end; i++) {
      const shifted = (logits[i] as number) - max;
      const e = expNonPositive(shifted);
      sum += e;
      weighted += e * shifted;
    }
    const logSum = Math.fround(Math.log(sum));
    const target = targets[row % targets.length] as number;
    rows[row * rowWidth] = max;
    rows[row * rowWidth + 1] = logSum;
    rows[row * rowWidth + 2] = target < 0 ? 0 : (logits[start + target] as number) - max - logSum;
    rows[row * rowWidth + 3] = Math.max(0, logSum - weighted / sum);
  }
  return rows;
}

/**
 * dy_r · (onehot(target_r) − softmax(logits_r)): the gradient of the log-prob with respect to the logits [M, V], or to a tile of
 * them that begins at column `first`.
 */
export function logitGradient(
  logits: Float32Array,
  rows: Float32Array,
  targets: Int32Array,
  dy: Float32Array,
  columns: number,
  first = 0,
): Float32Array<ArrayBuffer> {
  const gradient = new Float32Array(logits.length);
  for (let row = 0; row < dy.length; row++) {
    const slope = dy[row] as number;
    const target = targets[row] as number;
    // A token outside the loss costs nothing.
    if (slope === 0 || target < 0) continue;
    const start = row * columns;
    const max = rows[row * rowWidth] as number;
    const scale = -slope * Math.exp(-(rows[row * rowWidth + 1] as number));
    for (let i = start; i < start + columns; i++) gradient[i] = scale * expNonPositive((logits[i] as number) - max);
    const at = target - first;
    if (at >= 0 && at < columns) gradient[start + at] = (gradient[start + at] as number) + slope;
  }
  return gradient;
}

/** What `pairStatistics` returns: `values` [B, 8], the others [B, 2, K]. */
export interface PairStatistics {
  readonly values: Float32Array<ArrayBuffer>;
  readonly topIds: Int32Array<ArrayBuffer>;
  readonly topLogp: Float32Array<ArrayBuffer>;
  readonly topOther: Float32Array<ArrayBuffer>;
}

/** Compares rows b (image) and B + b (masked) of logits [2B, V], given their `rowStatistics`. */
export function pairStatistics(logits: Float32Array, rows: Float32Array, columns: number, topK: number): PairStatistics {
  const batch = rows.length / rowWidth / 2;
  const values = new Float32Array(batch * pairWidth);
  const topIds = new Int32Array(batch * 2 * topK);
  const topLogp = new Float32Array(topIds.length);
  const topOther = new Float32Array(topIds.length);
  const stat = (row: number, column: number) => rows[row * rowWidth + column] as number;
  const logp = (row: number, id: number) => (logits[row * columns + id] as number) - stat(row, 0) - stat(row, 1);
  for (let b = 0; b < batch; b++) {
    const masked = batch + b;
    let kl = 0;
    let jsd = 0;
    for (let id = 0; id < columns; id++) {
      const logpImage = logp(b, id);
      const logpMasked = logp(masked, id);
      const d = logpImage - logpMasked;
      // p·d − p + q: the sum is KL because both sum to 1, and no term is negative. Far below, q itself: e^−d would overflow.
      if (Math.abs(d) < 8) kl += Math.exp(logpImage) * (d + Math.expm1(-d));
      else kl += Math.exp(logpImage) * (d - 1) + Math.exp(logpMasked);
      jsd += jensenShannonTerm(logpImage, logpMasked);
    }
    const top = argmax(logits, b * columns, columns);
    values.set(
      [
        stat(b, 2),
        stat(masked, 2),
        kl,
        jsd,
        stat(b, 3),
        stat(masked, 3),
        Math.exp(logp(b, top)) - Math.exp(logp(masked, top)),
        stat(b, 0) + stat(b, 1),
      ],
      b * pairWidth,
    );
    for (const [condition, row, other] of [
      [0, b, masked],
      [1, masked, b],
    ] as const) {
      const at = (b * 2 + condition) * topK;
      topTokens(logits.subarray(row * columns, (row + 1) * columns), topK).forEach((id, k) => {
        topIds[at + k] = id;
        topLogp[at + k] = logp(row, id);
        topOther[at + k] = logp(other, id);
      });
    }
  }
  return { values, topIds, topLogp, topOther };
}

/** ½·p·log(p/m) + ½·q·log(q/m), m = (p+q)/2; 0 for p = q and never negative. */
function jensenShannonTerm(logpImage: number, logpMasked: number): number {
  const gap = Math.abs(logpImage - logpMasked);
  if (gap < 0.25) {
    // sqrt(pq)·(x²/2 + x⁶/144), x = gap/2: the closed form cancels here.
    const x2 = (gap * gap) / 4;
    return Math.exp((logpImage + logpMasked) / 2) * (x2 / 2 + x2 ** 3 / 144);
  }
  const ratio = Math.exp(-gap);
  return 0.5 * Math.exp(Math.max(logpImage, logpMasked)) * ((1 + ratio) * (Math.LN2 - Math.log1p(ratio)) - gap * ratio);
}

function argmax(logits: Float32Array, start: number, columns: number): number {
  let best = 0;
  for (let id = 1; id < columns; id++) if ((logits[start + id] as number) > (logits[start + best] as number)) best = id;
  return best;
}

/** Ids of the K largest logits, largest first, equal ones by index. */
export function topTokens(logits: Float32Array, topK: number): number[] {
  const ids: number[] = [];
  for (let id = 0; id < logits.length; id++) {
    const value = logits[id] as number;
    if (ids.length === topK && value <= (logits[ids[topK - 1] as number] as number)) continue;
    let at = ids.length;
    while (at > 0 && (logits[ids[at - 1] as number] as number) < value) at--;
    ids.splice(at, 0, id);
    if (ids.length > topK) ids.pop();
  }
  return ids;
}
