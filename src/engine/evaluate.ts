// Accuracy on a task's held-out problems: mean over n rollouts per problem at a temperature (the paper: accuracy@8 at 1), or one
// greedy answer; optionally with the picture fully masked, which tells what is guessed.

import type { EvaluationReport, EvaluationRequest } from "@/protocol/training";
import { withInstruction } from "@/tasks/instruction";
import type { Problem, Task } from "@/tasks/task";
import { rollOut } from "./rollouts";
import type { Session } from "./session";

export interface EvaluateOptions {
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
  /** Called per rollout, for style and parse statistics. */
  readonly onAnswer?: (problem: Problem, text: string, reward: number) => void;
  readonly maxNewTokens?: number;
  /** Problems decoded together. */
  readonly batch?: number;
}

const whole = { strategy: "whole", ratio: 1, cellSize: 1, seed: 0, sharing: "shared" } as const;

/** Runs the evaluation; problems are held-out ones 0..n−1 of the seed. */
export async function evaluate(
  session: Session,
  task: Task,
  request: EvaluationRequest,
  options: EvaluateOptions = {},
): Promise<EvaluationReport> {
  const { problems: count, rollouts, temperature, masked, pixels, seed } = request;
  const { onProgress, onAnswer, signal, maxNewTokens = 96, batch = 8 } = options;
  const perFamily: Record<string, { accuracy: number; count: number }> = {};
  let [correct, parseable, length, answered] = [0, 0, 0, 0];
  for (let first = 0; first < count && !signal?.aborted; first += batch) {
    const problems = Array.from({ length: Math.min(batch, count - first) }, (_, i) => task.sample(seed, first + i, "heldOut"));
    const questions = problems.map(({ image, question }) => ({
      // As in training, the mask acts on what the model sees, which stays as it is when it is seen again.
      image: masked ? session.mask(session.see(image, pixels), whole, 0) : image,
      text: withInstruction(question),
    }));
    const sampling = { temperature, topP: 1, topK: 0, seed: seed ^ 0x6576, maxNewTokens };
    const answers = await rollOut(session, {
      questions,
      rollouts,
      sampling,
      pixels,
      firstStream: first * rollouts,
      ...(signal && { signal }),
    });
    for (const { group, ids } of answers) {
      const problem = problems[group] as Problem;
      const text = session.tokenizer.decode(ids, { skipSpecial: true });
      const reward = task.reward(text, problem);
      onAnswer?.(problem, text, reward);
      correct += reward;
      parseable += /\\boxed\{[^{}]+\}/.test(text) ? 1 : 0;
      length += ids.length;
      answered++;
      const family = perFamily[problem.family] ?? { accuracy: 0, count: 0 };
      perFamily[problem.family] = { accuracy: family.accuracy + reward, count: family.count + 1 };
    }
    onProgress?.(Math.min(count, first + batch), count);
  }
  const share = (sum: number) => sum / Math.max(1, answered);
  return {
    accuracy: share(correct),
    parseable: share(parseable),
    problems: count,
    rollouts,
    perFamily: Object.fromEntries(
      Object.entries(perFamily).map(([name, { accuracy, count: n }]) => [name, { accuracy: accuracy / n, count: n }]),
    ),
    meanLength: share(length),
  };
}
