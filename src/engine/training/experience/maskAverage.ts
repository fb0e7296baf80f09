// Visual dependency as a mean over several masks per trajectory, which takes the chance out of a single draw (`maskDraws`; the
// official code has one). The first mask was decoded with; the others are scored, a prompt at a time.

import { dispose } from "@tensorflow/tfjs-core";
import { pcg3d } from "@/lib/rng";
import type { TrainSettings } from "@/protocol/training";
import { type DependencyMeasure, dependencyMeasures, dependencyOf, type TokenStats } from "@/rl/dependency";
import type { Problem } from "@/tasks/task";
import type { Rollout } from "../../decoding/generate";
import { type PreparedQuestion, prepare, questionOf } from "../../decoding/rollouts";
import { type ScoreGroup, scoreResponses, scoreWithoutJsd } from "../../score";
import type { Session } from "../../session";
import type { StepEvents } from "../stepEvents";

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
  settings: TrainSettings,
  { onPhase, signal }: StepEvents,
): Promise<Float32Array[]> {
  const { mask, maskDraws } = settings;
  const { dependencyMeasure } = settings.policy;
  const sums = stats.map((stat) => Float32Array.from(dependencyOf(stat, dependencyMeasure)));
  if (maskDraws <= 1) return sums;
  let first = 0;
  for (const [done, group] of groups.entries()) {
    onPhase?.("scoring", done, groups.length);
    for (let draw = 1; draw < maskDraws && !signal?.aborted; draw++) {
      const drawn = await dependencyUnder(session, group, { ...mask, seed: pcg3d(mask.seed, draw, 0x6472)[0] }, settings);
      drawn.forEach((values, r) => {
        const sum = sums[first + r] as Float32Array;
        values.forEach((value, t) => {
          sum[t] = (sum[t] as number) + value;
        });
      });
    }
    first += group.rollouts.length;
  }
  return sums.map((sum) => sum.map((value) => value / maskDraws));
}

/** S_t of a prompt's answers under other masks. */
async function dependencyUnder(
  session: Session,
  group: AnsweredQuestion,
  mask: TrainSettings["mask"],
  { pixels, policy: { dependencyMeasure } }: TrainSettings,
): Promise<readonly Float32Array[]> {
  const { problem, rollouts, firstStream } = group;
  const again = prepare(session, { questions: [questionOf(problem)], rollouts: rollouts.length, mask, pixels, firstStream });
  const sets = again[0]?.masked ?? [];
  return withScoreGroup(session, group, sets, pixels, (answers) => scoredDependency(session, answers, dependencyMeasure));
}

/** S_t per answer; what the measure does not read is not measured. */
async function scoredDependency(
  session: Session,
  answers: ScoreGroup,
  measure: DependencyMeasure,
): Promise<readonly Float32Array[]> {
  if (measure === "jsd") return (await scoreResponses(session, [answers])).map(dependencyMeasures.jsd.of);
  return (await scoreWithoutJsd(session, [answers])).map(dependencyMeasures[measure].of);
}

/** Statistics of a prompt's answers against these masked copies of its pictures, by a pass over the finished answers. */
export function scoreAnswers(
  session: Session,
  answered: Pick<AnsweredQuestion, "prepared" | "rollouts">,
  sets: PreparedQuestion["masked"],
  pixels: TrainSettings["pixels"],
): Promise<TokenStats[]> {
  return withScoreGroup(session, answered, sets, pixels, (answers) => scoreResponses(session, [answers]));
}

/** Encodes the pictures of finished answers and their masked copies, for as long as `work` takes. */
async function withScoreGroup<T>(
  session: Session,
  { prepared, rollouts }: Pick<AnsweredQuestion, "prepared" | "rollouts">,
  sets: PreparedQuestion["masked"],
  pixels: TrainSettings["pixels"],
  work: (answers: ScoreGroup) => Promise<T>,
): Promise<T> {
  const features = session.encodeTogether(prepared.images);
  const masked = sets.map((set) => session.encodeSeen(set, pixels));
  try {
    const responses = rollouts.map(({ ids }) => ids);
    return await work({ prompt: prepared.prompt, responses, features, masked });
  } finally {
    dispose([features, ...masked]);
  }
}
