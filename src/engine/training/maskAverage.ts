// Visual dependency as a mean over several masks per trajectory, which takes the chance out of a single draw (`maskDraws`; the
// official code has one). The first mask was decoded with; the others are scored, a prompt at a time.

import { dispose } from "@tensorflow/tfjs-core";
import { pcg3d } from "@/lib/rng";
import type { TrainSettings } from "@/protocol/training";
import { dependencyOf, type TokenStats } from "@/rl/dependency";
import type { Problem } from "@/tasks/task";
import type { Rollout } from "../generate";
import { type PreparedQuestion, prepare, questionOf } from "../rollouts";
import { scoreResponses } from "../score";
import type { Session } from "../session";
import type { StepEvents } from "./stepEvents";

/** One prompt with its answers. */
export interface AnsweredQuestion {
  readonly problem: Problem;
  readonly prepared: PreparedQuestion;
  readonly rollouts: readonly Rollout[];
  readonly firstStream: number;
}

/** S_t per answer, in prompt order; `stats` are those of the first mask, the others are scored on the finished answers. */
export async function averageDependency(
  session: Session,
  groups: readonly AnsweredQuestion[],
  stats: readonly TokenStats[],
  { policy: { dependencyMeasure }, mask, maskDraws, pixels }: TrainSettings,
  { onPhase, signal }: StepEvents,
): Promise<Float32Array[]> {
  const sums = stats.map((stat) => Float32Array.from(dependencyOf(stat, dependencyMeasure)));
  if (maskDraws <= 1) return sums;
  let first = 0;
  for (const [done, group] of groups.entries()) {
    onPhase?.("scoring", done, groups.length);
    for (let draw = 1; draw < maskDraws && !signal?.aborted; draw++) {
      const drawn = await rescored(session, group, { ...mask, seed: pcg3d(mask.seed, draw, 0x6472)[0] }, pixels);
      drawn.forEach((stat, r) => {
        const sum = sums[first + r] as Float32Array;
        dependencyOf(stat, dependencyMeasure).forEach((value, t) => {
          sum[t] = (sum[t] as number) + value;
        });
      });
    }
    first += group.rollouts.length;
  }
  return sums.map((sum) => sum.map((value) => value / maskDraws));
}

/** Statistics of a prompt's answers against other masks. */
function rescored(
  session: Session,
  group: AnsweredQuestion,
  mask: TrainSettings["mask"],
  pixels: TrainSettings["pixels"],
): Promise<TokenStats[]> {
  const { problem, rollouts, firstStream } = group;
  const again = prepare(session, { questions: [questionOf(problem)], rollouts: rollouts.length, mask, pixels, firstStream });
  return scoreAnswers(session, group, again[0]?.masked ?? [], pixels);
}

/** Statistics of a prompt's answers against these masked copies of its pictures, by a pass over the finished answers. */
export async function scoreAnswers(
  session: Session,
  { prepared, rollouts }: Pick<AnsweredQuestion, "prepared" | "rollouts">,
  sets: PreparedQuestion["masked"],
  pixels: TrainSettings["pixels"],
): Promise<TokenStats[]> {
  const features = session.encodeTogether(prepared.images);
  const masked = sets.map((set) => session.encodeSeen(set, pixels));
  try {
    const responses = rollouts.map(({ ids }) => ids);
    return await scoreResponses(session, [{ prompt: prepared.prompt, responses, features, masked }]);
  } finally {
    dispose([features, ...masked]);
  }
}
