// Evaluations kept in the browser, in a small database of their own: one entry each, written again after every part, so that a page
// that is closed in the middle loses at most the problems that were being answered. What is read passes the schema.

import type { DBSchema } from "idb";
import * as v from "valibot";
import type { ProblemOutcome } from "@/rl/evaluation";
import { rewardSchema } from "@/runs/settingsSchema";
import { KeptDatabase } from "../keptDatabase";
import type { Evaluation, EvaluationPlan, EvaluationSubject } from "./evaluation";

const most = { problems: 5000, answers: 64, tokens: 1e9 } as const;
const finite = v.pipe(v.number(), v.finite());
const count = (max: number) => v.pipe(v.number(), v.safeInteger(), v.minValue(0), v.maxValue(max));
const text = (length: number) => v.pipe(v.string(), v.maxLength(length));
const id = v.pipe(v.string(), v.regex(/^[0-9a-z-]{1,64}$/));
const format = v.picklist(["f32", "f16", "int8", "int4"]);

const subjectSchema: v.GenericSchema<unknown, EvaluationSubject> = v.object({
  model: text(300),
  parameters: finite,
  precision: v.object({ text: format, vision: format, head: format, groupSize: v.picklist([32, 64, 128]) }),
  adapter: v.nullable(text(1000)),
  fingerprint: text(200),
  run: v.exactOptional(v.object({ id, name: text(120) })),
  step: v.exactOptional(count(1_000_000)),
});

const planSchema: v.GenericSchema<unknown, EvaluationPlan> = v.object({
  task: text(100),
  difficulty: finite,
  reward: rewardSchema,
  problems: v.pipe(count(most.problems), v.minValue(1)),
  rollouts: v.pipe(count(most.answers), v.minValue(1)),
  sampling: v.object({ temperature: finite, topP: finite, topK: finite, maxNewTokens: count(100_000) }),
  pixels: v.exactOptional(v.object({ minPixels: v.exactOptional(finite), maxPixels: v.exactOptional(finite) })),
  seed: count(0xffffffff),
});

const outcomeSchema: v.GenericSchema<unknown, ProblemOutcome> = v.object({
  family: text(200),
  right: finite,
  answers: v.pipe(count(most.answers), v.minValue(1)),
  parseable: count(most.answers),
  tokens: count(most.tokens),
});

/** The gate for an evaluation that was stored. */
export const evaluationSchema: v.GenericSchema<unknown, Evaluation> = v.pipe(
  v.object({
    id,
    createdAt: finite,
    subject: subjectSchema,
    plan: planSchema,
    withMasked: v.boolean(),
    seen: v.array(outcomeSchema),
    masked: v.array(outcomeSchema),
    elapsedMs: v.pipe(finite, v.minValue(0)),
  }),
  v.check(({ plan, seen, masked }) => seen.length <= plan.problems && masked.length <= seen.length),
);

interface Tables extends DBSchema {
  evaluations: { key: string; value: unknown };
}

/** The evaluations that are kept, and the keys of those that cannot be read. */
export interface StoredEvaluations {
  /** The newest first. */
  readonly evaluations: readonly Evaluation[];
  readonly damaged: number;
}

/** The kept evaluations of this browser. */
export class EvaluationStore {
  readonly #database: KeptDatabase<Tables>;

  constructor(name = "vppo-playground-evaluations") {
    this.#database = new KeptDatabase(name, ["evaluations"]);
  }

  /** All that can be read; rejects with KeptDatabaseError where the browser stores nothing. */
  async list(): Promise<StoredEvaluations> {
    const values = await this.#database.do("The evaluations cannot be shown", (database) => database.getAll("evaluations"));
    const read = values.map((value) => v.safeParse(evaluationSchema, value));
    const evaluations = read.flatMap((result) => (result.success ? [result.output] : []));
    return {
      evaluations: evaluations.sort((a, b) => b.createdAt - a.createdAt),
      damaged: values.length - evaluations.length,
    };
  }

  /** Keeps an evaluation as it stands; rejects with KeptDatabaseError, and then the page's own copy is all there is. */
  async put(evaluation: Evaluation): Promise<void> {
    await this.#database.do("The evaluation is not kept", (database) => database.put("evaluations", evaluation, evaluation.id));
  }

  /** Forgets an evaluation. */
  async remove(evaluation: string): Promise<void> {
    await this.#database.do("The evaluation was not deleted", (database) => database.delete("evaluations", evaluation));
  }

  /** Closes the database; the next call opens it again. */
  close(): Promise<void> {
    return this.#database.close();
  }
}
