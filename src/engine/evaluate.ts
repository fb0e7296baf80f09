// Held-out problems of a task, answered: n answers per problem at a temperature (the paper: accuracy@8 at 1) or one greedy answer;
// optionally with the picture blacked out, which tells what is guessed. Gives one outcome per problem, so that an evaluation that
// was stopped goes on where it ended; accuracies and intervals are `rl/evaluation.ts`.

import type { RgbImage } from "@/image/rgbImage";
import type { EvaluationReport, EvaluationRequest } from "@/protocol/training";
import type { ProblemOutcome } from "@/rl/evaluation";
import { extractBoxed } from "@/rl/reward/extractBoxed";
import type { Problem, Task } from "@/tasks/task";
import { questionOf, rollOut } from "./decoding/rollouts";
import type { Session } from "./session";
import { type RewardScorer, rewardInput } from "./training/experience/rewardScorer";

/** One answer to grade. */
export interface GradedAnswer {
  readonly problem: Problem;
  readonly text: string;
}

export interface EvaluateOptions {
  readonly scorer: RewardScorer;
  readonly onProgress?: (done: number, total: number, outcomes: readonly ProblemOutcome[]) => void;
  readonly signal?: AbortSignal;
  /** Called per answer, for statistics of style. */
  readonly onAnswer?: (answer: GradedAnswer, accuracy: number) => void;
  /** Problems decoded together. */
  readonly batch?: number;
}

const whole = { strategy: "whole", ratio: 1, cellSize: 1, seed: 0, sharing: "shared" } as const;
/** Keeps the random streams of evaluations apart from those of training. */
const evaluationStream = 0x6576;

/** Answers problems `first` to `problems` − 1 of the seed's held-out half; a problem that was not finished when stopped is left out. */
export async function evaluate(
  session: Session,
  task: Task,
  request: EvaluationRequest,
  { scorer, onProgress, onAnswer, signal, batch = 8 }: EvaluateOptions,
): Promise<EvaluationReport> {
  const { problems: count, rollouts, masked, pixels, seed, difficulty } = request;
  const outcomes: ProblemOutcome[] = [];
  let next = request.first ?? 0;
  while (next < count && !signal?.aborted) {
    const problems = Array.from({ length: Math.min(batch, count - next) }, (_, i) =>
      task.sample(seed, next + i, "heldOut", difficulty),
    );
    // As in training, the mask acts on what the model sees, which stays as it is when it is seen again.
    const shown = (image: RgbImage) => (masked ? session.mask(session.see(image, pixels), whole, 0) : image);
    const questions = problems.map(({ image, question }) => questionOf({ image: shown(image), question }));
    const answers = await rollOut(session, {
      questions,
      rollouts,
      sampling: { ...request.sampling, seed: seed ^ evaluationStream },
      pixels,
      firstStream: next * rollouts,
      ...(signal && { signal }),
    });
    if (signal?.aborted) break;
    const graded = answers.map(({ group, ids }) => ({
      problem: problems[group] as Problem,
      text: session.tokenizer.decode(ids, { skipSpecial: true }),
    }));
    const grades = await scorer.score(
      request.reward,
      graded.map(({ problem, text }) => rewardInput(problem, text)),
    );
    outcomes.push(
      ...problems.map((problem): ProblemOutcome => {
        const own = graded.flatMap((answer, i) => (answer.problem === problem ? [i] : []));
        const sum = (of: (i: number) => number) => own.reduce((total, i) => total + of(i), 0);
        return {
          family: problem.family,
          right: sum((i) => grades[i]?.accuracy ?? 0),
          answers: own.length,
          parseable: sum((i) => (extractBoxed(graded[i]?.text ?? "") === "None" ? 0 : 1)),
          tokens: sum((i) => answers[i]?.ids.length ?? 0),
        };
      }),
    );
    graded.forEach((answer, i) => {
      onAnswer?.(answer, grades[i]?.accuracy ?? 0);
    });
    next += problems.length;
    onProgress?.(next, count, outcomes);
  }
  return { outcomes, stopped: next < count };
}
