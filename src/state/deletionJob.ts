// Is the occlusion map any good? Parts of the picture are covered from its strongest down, and as much of it by chance; if the map says
// where the model looked, the log-probability of the pinned tokens falls earlier than by chance.

import { type AnswerHeader, answerHeader } from "@/client/live";
import { blocks, type Cell, cellAt, cellRegion, patchesOf } from "@/image/occlusionGrid";
import { byScore, type CurveVerdict, compareCurves, countOf, shuffled } from "@/lib/deletionCurve";
import type { CoverMask } from "@/protocol/measure";
import { useLook } from "./look";
import { runLook } from "./lookEngine";
import { lookTarget } from "./lookTarget";
import { requestOf } from "./occlusionJob";
import { covers, type OcclusionMap, occlusionMap, type TokenRange } from "./occlusionMap";
import type { TokenSpan } from "./selection";

/** Shares of the picture that are covered. */
export const deletionShares = [0, 0.05, 0.1, 0.2, 0.4, 0.8] as const;
/** Orders drawn by chance. */
const randomOrders = 8;
/** Parts that are covered together where a picture has more patches than this. */
const mostParts = 256;

/** Log-probability of the tokens, in nats, at every share. */
export interface DeletionResult {
  readonly span: TokenSpan;
  /** One curve per fill. */
  readonly map: readonly (readonly number[])[];
  /** One curve per drawn order. */
  readonly random: readonly (readonly number[])[];
  readonly verdict: CurveVerdict;
}

const kept = new WeakMap<AnswerHeader, DeletionResult>();

/** The curves of the shown answer that were measured last; null before. */
export function deletionResult(): DeletionResult | null {
  const header = answerHeader();
  return (header && kept.get(header)) ?? null;
}

/** Parts of the picture in the order of the map for these tokens: the strongest first. */
export function mapOrder(
  map: OcclusionMap,
  span: TokenRange,
): { readonly parts: readonly Cell[]; readonly order: readonly number[] } {
  const { grid } = map;
  const size = 2 ** Math.max(0, Math.ceil(Math.log2(Math.sqrt((grid.rows * grid.columns) / mostParts))));
  const parts = blocks(grid, size);
  const leaves = map.leaves(span);
  const scores = parts.map((part) => {
    const middle = [(part.column + part.columns / 2) / grid.columns, (part.row + part.rows / 2) / grid.rows] as const;
    return cellAt(leaves, grid, middle)?.density ?? 0;
  });
  return { parts, order: byScore(scores) };
}

/** Measures the curves for the pinned tokens; takes their map, which must be there. */
export async function measureDeletion(span: TokenSpan): Promise<void> {
  const target = lookTarget();
  const { setStatus, changed } = useLook.getState();
  const map = occlusionMap(span.rollout);
  if (typeof target === "string" || !map) {
    const why = typeof target === "string" ? target : "There is no occlusion map of these tokens yet. Measure it first.";
    setStatus("deletion", { status: "waiting", why });
    return;
  }
  const { parts, order } = mapOrder(map, span);
  const shares = deletionShares.slice(1);
  const cut = (all: readonly number[], share: number) => all.slice(0, countOf(share, parts.length));
  const mask = (chosen: readonly number[], fill: number): CoverMask => ({
    strategy: "cover",
    ...(covers[fill % covers.length] ?? { fill: "black", seed: 0 }),
    regions: chosen.map((part) => cellRegion(parts[part] as Cell, map.grid)),
  });
  const byMap = covers.flatMap((_, fill) => shares.map((share) => mask(cut(order, share), fill)));
  const byChance = Array.from({ length: randomOrders }, (_, seed) => shuffled(parts.length, seed + 1)).flatMap((drawn, seed) =>
    shares.map((share) => mask(cut(drawn, share), seed)),
  );
  await runLook("deletion", {
    asked: true,
    job: async (run) => {
      const sums: number[] = [];
      let original = 0;
      const request = requestOf(target, span.rollout, [...byMap, ...byChance]);
      const isWhole = await run.measure(request, ({ stats: [stats] }) => {
        if (!stats) return;
        original = sumOf(stats.logp, span);
        sums.push(sumOf(stats.logpMasked, span));
      });
      if (!isWhole || sums.length < byMap.length + byChance.length) return;
      const curves = Array.from({ length: sums.length / shares.length }, (_, i) => [
        original,
        ...sums.slice(i * shares.length, (i + 1) * shares.length),
      ]);
      const [mapCurves, random] = [curves.slice(0, covers.length), curves.slice(covers.length)];
      kept.set(target.header, { span, map: mapCurves, random, verdict: compareCurves(deletionShares, mapCurves, random) });
      changed();
    },
  });
}

/** How many parts of the picture the order distinguishes, and of how many patches each is. */
export function partSize(map: OcclusionMap, span: TokenRange): { readonly count: number; readonly patches: number } {
  const { parts } = mapOrder(map, span);
  return { count: parts.length, patches: parts[0] ? patchesOf(parts[0]) : 0 };
}

function sumOf(values: Float32Array, { start, end }: TokenRange): number {
  let sum = 0;
  for (let t = start; t <= end; t++) sum += values[t] ?? 0;
  return sum;
}
