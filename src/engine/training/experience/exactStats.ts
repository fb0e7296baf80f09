// What an update takes for the policy that sampled: log-probs, entropies and dependency of every token. Decoding in f32 has measured them,
// bit for bit as a training pass would (docs/architecture.md, decision 5). Decoding in a rough arithmetic has not: then the finished
// answers go through an exact pass, with their pictures and with the masked ones, and how far the sampler was off is reported. This is
// the one place that decides it; everything after it sees exact numbers.

import type { StepMetrics, TrainSettings } from "@/protocol/training";
import type { TokenStats } from "@/rl/dependency";
import { rolloutGap } from "@/rl/rolloutGap";
import { tokenStatsOf } from "../../decoding/rollouts";
import type { Session } from "../../session";
import type { StepEvents } from "../stepEvents";
import { type AnsweredQuestion, scoreAnswers } from "./maskAverage";

/** Exact statistics per answer, in prompt order, and the gap that rough decoding left; nothing of it where there was none. */
export interface ExactStats {
  readonly stats: readonly TokenStats[];
  readonly gap: StepMetrics;
  /** Spent on scoring again. */
  readonly seconds: number;
}

/** Statistics of sampled answers as an exact pass has them; fewer when stopped. */
export async function exactStats(
  session: Session,
  groups: readonly Pick<AnsweredQuestion, "prepared" | "rollouts">[],
  { rolloutArithmetic, pixels }: Pick<TrainSettings, "rolloutArithmetic" | "pixels">,
  { onPhase, signal }: StepEvents,
): Promise<ExactStats> {
  const sampled = groups.flatMap(({ rollouts }) => rollouts.map(tokenStatsOf));
  if (rolloutArithmetic === "f32") return { stats: sampled, gap: {}, seconds: 0 };
  const started = performance.now();
  const stats: TokenStats[] = [];
  for (const [done, group] of groups.entries()) {
    if (signal?.aborted) break;
    onPhase?.("scoring", done, groups.length);
    stats.push(...(await scoreAnswers(session, group, group.prepared.masked, pixels)));
  }
  const logps = (all: readonly TokenStats[]) => all.map(({ logp }) => logp);
  return { stats, gap: rolloutGap(logps(sampled), logps(stats)), seconds: (performance.now() - started) / 1000 };
}
