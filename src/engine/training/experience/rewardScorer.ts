// Grading the answers of a step: by the table of rewards here, or by the user's own function, which runs in a sandbox without
// network or page at the other end of a port (`protocol/sandbox.ts`). What comes back over the port is checked: one finite number
// per answer, in time, or a sentence that names the line.

import * as v from "valibot";
import { UserError } from "@/lib/errors";
import type { RewardAnswer, RewardBatch, RewardInput } from "@/protocol/sandbox";
import type { RewardSettings } from "@/protocol/training";
import { type Reward, scoreAnswer } from "@/rl/reward/rewards";
import type { Problem } from "@/tasks/task";

/** Grades answers, one reward per input: `overall` makes the advantage, `accuracy` decides whether a group teaches anything. */
export interface RewardScorer {
  score(settings: RewardSettings, inputs: readonly RewardInput[]): Promise<readonly Reward[]>;
}

/** The user's own reward function could not be used. */
export class RewardFunctionError extends UserError {
  override readonly name = "RewardFunctionError";
}

/** A problem with an answer to it, as graders take it. */
export function rewardInput({ answer, question, family }: Problem, text: string): RewardInput {
  return { text, answer, question, family };
}

/** How long the sandbox may take for one batch; it stops a function that loops long before. */
const answerTimeoutMs = 60_000;

const answerSchema: v.GenericSchema<unknown, RewardAnswer> = v.union([
  v.object({ id: v.number(), rewards: v.array(v.custom<number>((value) => typeof value === "number")) }),
  v.object({
    id: v.number(),
    failure: v.object({
      message: v.string(),
      line: v.exactOptional(v.number()),
      input: v.exactOptional(v.number()),
    }),
  }),
]);

/** The grading of one engine. */
export class RewardDesk implements RewardScorer {
  #port: MessagePort | undefined;
  #lastId = 0;
  readonly #waiting = new Map<number, (message: unknown) => void>();

  constructor(private readonly timeoutMs = answerTimeoutMs) {}

  /** The sandbox that answers from now on. */
  connect(port: MessagePort): void {
    this.#port?.close();
    this.#port = port;
    port.onmessage = ({ data }: MessageEvent<unknown>) => {
      const { success, output } = v.safeParse(v.object({ id: v.number() }), data);
      if (success) this.#waiting.get(output.id)?.(data);
    };
  }

  /** Throws RewardFunctionError, or RewardError where a built-in reward cannot be used with a problem. */
  async score(settings: RewardSettings, inputs: readonly RewardInput[]): Promise<readonly Reward[]> {
    if (settings.kind !== "custom") {
      const { kind, tolerance } = settings;
      return inputs.map(({ text, answer }) => scoreAnswer(kind, text, answer, { tolerance }));
    }
    const rewards = await this.#ask(settings.source ?? "", inputs);
    return rewards.map((reward) => ({ overall: reward, accuracy: reward }));
  }

  async #ask(source: string, inputs: readonly RewardInput[]): Promise<readonly number[]> {
    const port = this.#port;
    if (!port) throw unusable("nothing runs it here", "Reload the page, or choose one of the built-in rewards");
    const id = ++this.#lastId;
    let resolve: (message: unknown) => void = () => {};
    const promise = new Promise<unknown>((done) => {
      resolve = done;
    });
    const timer = setTimeout(() => resolve(undefined), this.timeoutMs);
    this.#waiting.set(id, resolve);
    try {
      port.postMessage({ id, source, inputs } satisfies RewardBatch);
      const message = await promise;
      if (message === undefined) {
        throw unusable(
          `it did not answer within ${this.timeoutMs / 1000} s`,
          "Make it faster, or look for a loop without an end",
        );
      }
      return checked(message, inputs.length);
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(id);
    }
  }

  /** Closes the port. */
  [Symbol.dispose](): void {
    this.#port?.close();
    this.#port = undefined;
  }
}

function checked(message: unknown, count: number): readonly number[] {
  const parsed = v.safeParse(answerSchema, message);
  if (!parsed.success) throw unusable("its result is not a list of numbers", "Return one number per answer");
  if ("failure" in parsed.output) {
    const { message: why, line, input } = parsed.output.failure;
    const where = [line !== undefined && `line ${line}`, input !== undefined && `answer ${input + 1}`].filter(Boolean).join(", ");
    throw unusable(
      where ? `${where}: ${why.replace(/\.$/, "")}` : why.replace(/\.$/, ""),
      "Correct the function and train again",
    );
  }
  const { rewards } = parsed.output;
  const bad = rewards.findIndex((reward) => !Number.isFinite(reward));
  if (rewards.length !== count) {
    throw unusable(`it gave ${rewards.length} rewards for ${count} answers`, "Return one number per answer");
  }
  if (bad >= 0) throw unusable(`answer ${bad + 1} got ${rewards[bad]}`, "Return a finite number for every answer");
  return rewards;
}

function unusable(why: string, todo: string): RewardFunctionError {
  return new RewardFunctionError("The reward function cannot be used", why, `${todo}; the adapter is as it was`);
}
