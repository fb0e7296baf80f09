// An evaluation with made outcomes, for tests.
import type { ProblemOutcome } from "@/rl/evaluation";
import type { Evaluation } from "../evaluations/evaluation";

/** Outcomes of problems of two families in turn: two answers each, so many of them right. */
export function outcomesOf(...right: readonly number[]): readonly ProblemOutcome[] {
  return right.map((count, i) => ({
    family: i % 2 === 0 ? "count_color" : "relation",
    right: count,
    answers: 2,
    parseable: 2,
    tokens: 30,
  }));
}

/** An evaluation of four problems with two answers each, begun and nothing more. */
export function sampleEvaluation(changes: Partial<Evaluation> = {}): Evaluation {
  return {
    id: "e1",
    createdAt: 1000,
    subject: {
      model: "shapes-vlm",
      parameters: 1_600_000,
      precision: { text: "int8", vision: "int8", head: "int8", groupSize: 32 },
      adapter: null,
      fingerprint: "none",
    },
    plan: {
      task: "shapes",
      difficulty: 1,
      reward: { kind: "exact", tolerance: 1e-6 },
      problems: 4,
      rollouts: 2,
      sampling: { temperature: 1, topP: 1, topK: 0, maxNewTokens: 24 },
      seed: 2026,
    },
    withMasked: true,
    seen: [],
    masked: [],
    elapsedMs: 0,
    ...changes,
  };
}
