// Measuring an occlusion map: the whole picture first (it gives the patch grid, the scale and the time of a pass), then coarse cells, one
// fill after the other so that a first map is there early, then the parts of the cells that are strong for the pinned tokens.

import { answerTokens } from "@/client/live";
import { type Cell, cellRegion, coarseCells, patchesOf, splitCell } from "@/image/occlusionGrid";
import { isSoftwareAdapter } from "@/lib/softwareAdapter";
import type { CoverMask, MeasureRequest } from "@/protocol/measure";
import type { TokenSpan } from "../selection";
import { useStore } from "../store";
import { useLook } from "./look";
import { type LookRun, measuredPassMs, runLook } from "./lookEngine";
import { isEngineTaken, type LookTarget, lookTarget } from "./lookTarget";
import { covers, faintNats, keepOcclusionMap, OcclusionMap, occlusionMap, type TokenRange } from "./occlusionMap";

export interface OcclusionOptions {
  /** The user pressed a button: training is paused, and time does not matter. */
  readonly asked: boolean;
  /** Split every cell once more, not only the strong ones. */
  readonly everywhere?: boolean;
}

/** What a map may cost in milliseconds when nobody asked for it. */
const unaskedMs = 6000;
/** Passes of the coarse map of a square picture. */
const fewestPasses = 16 * covers.length;
/** A cell is split where it has at least this share of the largest density. */
const strongShare = 0.25;
/** Cells split per round, so that one round of one fill stays short. */
const mostSplits = 8;

/** Whether a pinned token's map may begin by itself: on a GPU, or where measuring has proved quick; never while something else runs. */
export function mayBeginUnasked(): boolean {
  const { device } = useStore.getState();
  const isRunning = Object.values(useLook.getState().statuses).some(({ status }) => status === "running");
  if (!device || isRunning || isEngineTaken() || typeof lookTarget() === "string") return false;
  const passMs = measuredPassMs();
  if (passMs !== null) return passMs * fewestPasses < unaskedMs;
  return device.backend === "webgpu" && !isSoftwareAdapter(device.adapter);
}

/** Measures the map of the pinned tokens' rollout as far as it is not measured yet. */
export async function measureOcclusion(span: TokenSpan, { asked, everywhere = false }: OcclusionOptions): Promise<void> {
  const target = lookTarget();
  if (typeof target === "string") {
    useLook.getState().setStatus("occlusion", { status: "waiting", why: target });
    return;
  }
  await runLook("occlusion", { asked, job: (run) => measureMap(run, target, span, { asked, everywhere }) });
}

async function measureMap(run: LookRun, target: LookTarget, span: TokenSpan, options: Required<OcclusionOptions>): Promise<void> {
  const { rollout } = span;
  const map = occlusionMap(rollout) ?? (await measureWhole(run, target, rollout));
  if (!map) return;
  const cover = coverCells(run, target, rollout, map);
  const coarse = coarseCells(map.grid);
  const expectedMs = expectedTime(map, coarse);
  if (!options.asked && expectedMs > unaskedMs) {
    const why = `It takes about ${Math.round(expectedMs / 1000)} s here, so it waits for you.`;
    useLook.getState().setStatus("occlusion", { status: "waiting", why });
    return;
  }
  if (!(await cover(coarse))) return;
  if (options.everywhere) {
    await cover(map.leaves(span).flatMap(({ cell }) => splitCell(cell)));
    return;
  }
  // Rounds end when nothing strong is left to split; every round makes cells smaller.
  for (;;) {
    const parts = toSplit(map, span).flatMap(splitCell);
    if (parts.length === 0 || (!options.asked && expectedTime(map, parts) > unaskedMs)) return;
    if (!(await cover(parts))) return;
  }
}

/** Cells worth a closer look: larger than a patch and strong; the strongest first. */
function toSplit(map: OcclusionMap, span: TokenRange): readonly Cell[] {
  const leaves = map.leaves(span);
  const strongest = leaves.reduce((most, { density }) => Math.max(most, density), 0);
  return leaves
    .filter(({ cell, spread, density }) => patchesOf(cell) > 1 && spread.mean >= faintNats && density >= strongShare * strongest)
    .toSorted((a, b) => b.density - a.density)
    .slice(0, mostSplits)
    .map(({ cell }) => cell);
}

async function measureWhole(run: LookRun, target: LookTarget, rollout: number): Promise<OcclusionMap | null> {
  const picture: CoverMask["regions"] = [[0, 0, 1, 1]];
  const masks = covers.map((cover): CoverMask => ({ strategy: "cover", ...cover, regions: picture }));
  let map: OcclusionMap | null = null;
  const isCurrent = await run.measure(requestOf(target, rollout, masks), ({ mask, patches, stats: [stats] }) => {
    map ??= new OcclusionMap(patches, answerTokens.length(rollout));
    if (stats) map.put(null, mask, stats);
  });
  if (!map || !isCurrent) return null;
  keepOcclusionMap(target.header, rollout, map);
  return map;
}

/** Measures cells under every fill, fill by fill; what is there already costs nothing. Resolves to false when stopped. */
function coverCells(run: LookRun, target: LookTarget, rollout: number, map: OcclusionMap) {
  return async (cells: readonly Cell[]): Promise<boolean> => {
    const passes = missing(map, cells);
    if (passes.length === 0) return run.isCurrent();
    const masks = passes.map(
      ({ cell, fill }): CoverMask => ({
        strategy: "cover",
        ...(covers[fill] ?? { fill: "black", seed: 0 }),
        regions: [cellRegion(cell, map.grid)],
      }),
    );
    return run.measure(requestOf(target, rollout, masks), ({ mask, stats: [stats] }) => {
      const pass = passes[mask];
      if (pass && stats) map.put(pass.cell, pass.fill, stats);
      useLook.getState().changed();
    });
  };
}

/** Milliseconds that covering these cells will take, by the passes before. */
function expectedTime(map: OcclusionMap, cells: readonly Cell[]): number {
  return (measuredPassMs() ?? 0) * missing(map, cells).length;
}

function missing(map: OcclusionMap, cells: readonly Cell[]): readonly { readonly cell: Cell; readonly fill: number }[] {
  return covers.flatMap((_, fill) => cells.flatMap((cell) => (map.has(cell, fill) ? [] : [{ cell, fill }])));
}

/** A request for one rollout of the answer. */
export function requestOf(target: LookTarget, rollout: number, masks: MeasureRequest["masks"]): MeasureRequest {
  return { ...target.request, responses: [target.ids[rollout] ?? new Int32Array()], masks };
}
