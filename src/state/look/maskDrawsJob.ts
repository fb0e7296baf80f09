// The shown answer under further draws of its mask: how much of a token's visual dependency is the picture and how much is the mask that
// happened to be drawn. One call of the engine measures all draws for all rollouts; the numbers stay while the answer does.

import { type AnswerHeader, answerHeader, answerTokens } from "@/client/live";
import { pcg3d } from "@/lib/rng";
import { dependencyOf, type TokenStats } from "@/rl/dependency";
import { maskOf } from "../requests";
import { useStore } from "../store";
import { unitOf } from "../tokens/tokenFacts";
import { useLook } from "./look";
import { runLook } from "./lookEngine";
import { lastingOverlay, setLastingOverlay } from "./lookOverlay";
import { lookTarget } from "./lookTarget";
import { tokenSpread } from "./maskSpread";

/** Further masks the answer was measured under. */
export interface MaskDraws {
  /** Per draw, per rollout. */
  readonly stats: readonly (readonly TokenStats[])[];
  /** How the masks were made, in words: "Random patches, ratio 0.5". */
  readonly mask: string;
}

const kept = new WeakMap<AnswerHeader, MaskDraws>();
let overlay: ReturnType<typeof lastingOverlay> = null;

/** The draws of the shown answer; null before they are measured. */
export function maskDraws(): MaskDraws | null {
  const header = answerHeader();
  const draws = header && kept.get(header);
  return draws?.stats[0]?.every(({ kl }, i) => kl.length === answerTokens.length(i)) ? draws : null;
}

/** Dependency by the chosen measure, per draw [T], of one rollout. */
export function drawnDependencies({ stats }: MaskDraws, rollout: number): readonly Float32Array[] {
  const { dependencyMeasure } = useStore.getState().settings;
  return stats.flatMap((ofDraw) => {
    const one = ofDraw[rollout];
    return one ? [dependencyOf(one, dependencyMeasure)] : [];
  });
}

/** Measures the answer under so many further masks of the kind that is set. */
export async function measureDraws(count: number): Promise<void> {
  const target = lookTarget();
  const { settings, region } = useStore.getState();
  const { setStatus, changed } = useLook.getState();
  if (typeof target === "string") {
    setStatus("draws", { status: "waiting", why: target });
    return;
  }
  const mask = maskOf(settings, region);
  // Draws of their own: not those that rollouts and training steps have.
  const masks = Array.from({ length: count }, (_, i) => ({ ...mask, seed: pcg3d(mask.seed, i, 0x64726177)[0] }));
  await runLook("draws", {
    asked: true,
    job: async (run) => {
      const responses = target.ids.filter(({ length }) => length > 0);
      const empty = statsLike(new Float32Array());
      const stats: (readonly TokenStats[])[] = [];
      await run.measure({ ...target.request, responses, masks }, (event) => {
        const measured = event.stats.values();
        stats.push(target.ids.map(({ length }) => (length > 0 ? (measured.next().value ?? empty) : empty)));
        if (stats.length < 2) return;
        kept.set(target.header, { stats: [...stats], mask: maskText(mask.strategy, mask.ratio) });
        changed();
      });
    },
  });
}

/** Colours the tokens by their mean or their spread over the draws; what is shown already goes away. */
export function showDraws(which: "mean" | "sd"): void {
  const draws = maskDraws();
  if (!draws) return;
  const label = labelOf(which, draws.stats.length);
  if (overlay && lastingOverlay() === overlay && overlay.label === label) {
    hideDraws();
    return;
  }
  const values = draws.stats[0]?.map((_, rollout) => tokenSpread(drawnDependencies(draws, rollout))[which]) ?? [];
  const { dependencyMeasure } = useStore.getState().settings;
  overlay = { label, unit: unitOf(dependencyMeasure), signed: false, values, clear: hideDraws };
  setLastingOverlay(overlay);
  useLook.getState().changed();
}

/** Which of the two colours the tokens now. */
export function shownDraws(): "mean" | "sd" | null {
  if (!overlay || lastingOverlay() !== overlay) return null;
  return overlay.label.startsWith("Mean") ? "mean" : "sd";
}

function hideDraws(): void {
  if (lastingOverlay() === overlay) setLastingOverlay(null);
  overlay = null;
  useLook.getState().changed();
}

function labelOf(which: "mean" | "sd", count: number): string {
  return which === "mean" ? `Mean dependency over ${count} masks` : `Spread (sd) over ${count} masks`;
}

function maskText(strategy: string, ratio: number): string {
  return strategy === "patch_blackening" ? `random patches, ratio ${ratio}` : "noise";
}

function statsLike(none: Float32Array): TokenStats {
  return { logp: none, logpMasked: none, kl: none, jsd: none, entropy: none, entropyMasked: none, top1Drop: none };
}
