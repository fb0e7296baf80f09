// Test data: an engine whose first token hangs on one rectangle of the picture and on nothing else, so that what the page concludes from
// its numbers can be checked against what is so. For tests only.

import { pcg3d } from "@/lib/rng";
import type { MeasureEvent, MeasureRequest } from "@/protocol/measure";

/** Where the first token looks: the second quarter of both sides. */
const lookedAt = [0.25, 0.25, 0.5, 0.5] as const;
/** What the first token loses when all of it is covered, in nats. */
export const lookedAtNats = 4;
const factors = { mean: 0.9, black: 1, noise: 1.1 } as const;

/** Requests it was sent, and how many masks it has measured. */
export const sent: MeasureRequest[] = [];
/** What it says that a mask takes. */
export const speed = { passMs: 1 };
let isStopped = false;
let measured = 0;

/** Masks measured since the last call. */
export function passes(): number {
  const count = measured;
  measured = 0;
  return count;
}

/** What stands in for `engineClient`. */
export const lookingEngine = {
  stop: async () => {
    isStopped = true;
  },
  measure: async (request: MeasureRequest, onEvent: (event: MeasureEvent) => void) => {
    isStopped = false;
    sent.push(request);
    for (const [index, mask] of request.masks.entries()) {
      await new Promise((resolve) => setTimeout(resolve, 0));
      if (isStopped) return;
      measured++;
      const regions = mask.strategy === "cover" ? mask.regions : mask.region ? [mask.region] : [];
      const factor = mask.strategy === "cover" ? factors[mask.fill] : 1;
      const share = regions.reduce((sum, region) => sum + overlap(region), 0);
      const stats = request.responses.map(({ length }) => {
        const kl = Float32Array.from({ length }, (_, t) =>
          t === 0 ? lookedAtNats * factor * share : 0.002 * ((pcg3d(index, t, mask.seed)[0] >>> 8) / 2 ** 24),
        );
        const none = new Float32Array(length);
        const logp = new Float32Array(length).fill(-0.5);
        const logpMasked = kl.map((value) => -0.5 - value);
        return { logp, logpMasked, kl, jsd: none, entropy: none, entropyMasked: none, top1Drop: none };
      });
      onEvent({ type: "measured", mask: index, total: request.masks.length, patches: { rows: 8, columns: 8 }, ...speed, stats });
    }
  },
};

/** Share of the looked-at rectangle inside a region. */
function overlap([x0, y0, x1, y1]: readonly [number, number, number, number]): number {
  const [a0, b0, a1, b1] = lookedAt;
  const width = Math.max(0, Math.min(x1, a1) - Math.max(x0, a0));
  const height = Math.max(0, Math.min(y1, b1) - Math.max(y0, b0));
  return (width * height) / ((a1 - a0) * (b1 - b0));
}
