// Is the occlusion map any good? Parts of the picture are covered from its strongest down, and as much of it by chance; if the map says
// where the model looked, the log-probability of the pinned tokens falls earlier than by chance.

import { type AnswerHeader, answerHeader } from "@/client/live";
import { blocks, type Cell, cellRegion } from "@/image/occlusionGrid";
import { type CurveVerdict, compareCurves, countOf, shuffled } from "@/lib/deletionCurve";
import type { CoverMask } from "@/protocol/measure";
import type { TokenSpan } from "../selection";
import { useLook } from "./look";
import { runLook } from "./lookEngine";
import { lookTarget } from "./lookTarget";
import { requestOf } from "./occlusionJob";
import { covers, type MapCell, occlusionMap, type TokenRange } from "./occlusionMap";

/** Shares of the picture that are covered. */
export const deletionShares = [0, 0.05, 0.1, 0.2, 0.4, 0.8] as const;
/** Orders drawn by chance per fill. */
const randomOrders = 3;

/** Log-probability of the tokens, in nats, at every share. */
export interface DeletionResult {
  readonly span: TokenSpan;
  /** One curve per fill. */
  readonly map: readonly (readonly number[])[];
  /** One curve per fill and drawn order. */
  readonly random: readonly (readonly number[])[];
  readonly verdict: CurveVerdict;
}

const kept = new WeakMap<AnswerHeader, DeletionResult>();

/** The curves of the shown answer that were measured last; null before. */
export function deletionResult(): DeletionResult | null {
  const header = answerHeader();
  return (header && kept.get(header)) ?? null;
}

/** Every patch of the picture, cell by cell in this order: orders that differ in nothing but which cells come first. */
function patchesInOrder(cells: readonly MapCell[], order: readonly number[]): readonly Cell[] {
  return order.flatMap((index) => {
    const cell = cells[index]?.cell;
    if (!cell) return [];
    return blocks(cell, 1).map((patch) => ({ ...patch, row: patch.row + cell.row, column: patch.column + cell.column }));
  });
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
  const cells = map.leaves(span).toSorted((one, other) => other.density - one.density);
  const shares = deletionShares.slice(1);
  const drawn = covers.flatMap((_, fill) =>
    Array.from({ length: randomOrders }, (_, n) => ({ fill, order: shuffled(cells.length, fill * randomOrders + n + 1) })),
  );
  const byMap = covers.map((_, fill) => ({ fill, order: cells.map((_, i) => i) }));
  const masks = [...byMap, ...drawn].flatMap(({ fill, order }) => {
    const patches = patchesInOrder(cells, order);
    return shares.map(
      (share): CoverMask => ({
        strategy: "cover",
        ...(covers[fill] ?? { fill: "black", seed: 0 }),
        regions: patches.slice(0, countOf(share, patches.length)).map((patch) => cellRegion(patch, map.grid)),
      }),
    );
  });
  await runLook("deletion", {
    asked: true,
    job: async (run) => {
      const sums: number[] = [];
      let original = 0;
      const request = requestOf(target, span.rollout, masks);
      const isWhole = await run.measure(request, ({ stats: [stats] }) => {
        if (!stats) return;
        original = sumOf(stats.logp, span);
        sums.push(sumOf(stats.logpMasked, span));
      });
      if (!isWhole || sums.length < masks.length) return;
      const curves = Array.from({ length: sums.length / shares.length }, (_, i) => [
        original,
        ...sums.slice(i * shares.length, (i + 1) * shares.length),
      ]);
      const [mapCurves, random] = [curves.slice(0, covers.length), curves.slice(covers.length)];
      const ways = mapCurves.map((one, fill) => ({
        map: one,
        random: random.slice(fill * randomOrders, (fill + 1) * randomOrders),
      }));
      kept.set(target.header, { span, map: mapCurves, random, verdict: compareCurves(deletionShares, ways) });
      changed();
    },
  });
}

function sumOf(values: Float32Array, { start, end }: TokenRange): number {
  let sum = 0;
  for (let t = start; t <= end; t++) sum += values[t] ?? 0;
  return sum;
}
