// The page's side of the reward sandbox: makes the frame of `public/sandbox.html` on first use, strips the types of the user's
// source (line numbers stay), hands batches over and checks what comes back. The frame has an origin of its own and may not reach the
// network; there the function runs in a worker of its own for every batch, so nothing is carried from one batch to the next.

import * as v from "valibot";
import type { RewardAnswer, RewardBatch, RewardFailure, RewardInput } from "@/protocol/sandbox";

interface Failed {
  readonly failure: RewardFailure;
}
/** Rewards in the order of the inputs, or why there are none. */
export type RewardOutcome = { readonly rewards: readonly number[] } | Failed;

/** Grades answers with a function of the user's own. */
export interface RewardSandbox {
  /** Runs the function once per input; a failure is an outcome, never a rejection. */
  tryReward(source: string, inputs: readonly RewardInput[]): Promise<RewardOutcome>;
  /** A port on which batches are answered until its other end is gone; it is for `engineClient.connectRewards`. */
  port(): MessagePort;
  /** How the last batch that came over a port failed; null where it did not, or none came. */
  lastFailure(): BatchFailure | null;
  /** Calls back when `lastFailure` changes; returns the way to stop. */
  subscribe(listener: () => void): () => void;
  /** Removes the frame; a later call makes another. */
  dispose(): void;
}

/** A function that could not grade a batch, and why. */
export interface BatchFailure extends Failed {
  readonly source: string;
}

export interface RewardSandboxOptions {
  /** Address of `sandbox.html`. */
  readonly url: string;
  /** Milliseconds a batch may take. */
  readonly limitMs?: number;
  /** Milliseconds until the frame must have answered. */
  readonly startLimitMs?: number;
}

const defaultLimitMs = 2000;
const defaultStartLimitMs = 30_000;

const answerSchema = v.variant("type", [
  v.object({ type: v.literal("done"), rewards: v.array(v.pipe(v.number(), v.finite())) }),
  v.object({
    type: v.literal("failed"),
    message: v.pipe(v.string(), v.maxLength(10_000)),
    line: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1))),
    input: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0))),
  }),
]);

const readySchema = v.object({ type: v.literal("sandbox") });

/** A sandbox over the document it is made in. */
export function createRewardSandbox(options: RewardSandboxOptions): RewardSandbox {
  const { url, limitMs = defaultLimitMs, startLimitMs = defaultStartLimitMs } = options;
  let frame: Promise<HTMLIFrameElement> | null = null;
  let lastFailure: BatchFailure | null = null;
  const listeners = new Set<() => void>();

  const open = (): Promise<HTMLIFrameElement> => {
    if (frame) return frame;
    const opening = makeFrame(url, startLimitMs);
    frame = opening;
    // Whatever was in the way may be gone next time.
    opening.catch(() => {
      if (frame === opening) frame = null;
    });
    return opening;
  };

  const tryReward = async (source: string, inputs: readonly RewardInput[]): Promise<RewardOutcome> => {
    try {
      const script = await toScript(source);
      if ("failure" in script) return script;
      const { contentWindow } = await open();
      if (!contentWindow) return failed("the sandbox was closed");
      const answer = v.safeParse(answerSchema, await askFrame(contentWindow, { source: script.code, inputs, limitMs }));
      if (!answer.success) return failed("the sandbox answered with something else than rewards");
      const { output } = answer;
      if (output.type === "failed") return failed(output.message, lineWithin(output.line, source), output.input);
      if (output.rewards.length !== inputs.length)
        return failed(`it gave ${output.rewards.length} rewards for ${inputs.length} answers`);
      return { rewards: output.rewards };
    } catch (error) {
      return failed(error instanceof Error ? error.message : String(error));
    }
  };

  const answerBatch = async ({ id, source, inputs }: RewardBatch): Promise<RewardAnswer> => {
    const outcome = await tryReward(source, inputs);
    const next = "failure" in outcome ? { source, ...outcome } : null;
    if (next !== lastFailure) {
      lastFailure = next;
      for (const listener of listeners) listener();
    }
    return { id, ...outcome };
  };

  return {
    tryReward,
    port: () => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = (message: MessageEvent<RewardBatch>) => {
        void answerBatch(message.data).then((answer) => port1.postMessage(answer));
      };
      return port2;
    },
    lastFailure: () => lastFailure,
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    dispose: () => {
      const closing = frame;
      frame = null;
      closing?.then((element) => element.remove()).catch(() => {});
    },
  };
}

/** The failure as one sentence, with line and answer where they are known. */
export function failureText({ message, line, input }: RewardFailure): string {
  const place = [line === undefined ? "" : `line ${line}`, input === undefined ? "" : `answer ${input + 1}`];
  const where = place.filter((part) => part !== "").join(", ");
  return `The reward function failed${where === "" ? "" : ` (${where})`}: ${message}. Correct it, or choose another reward.`;
}

function failed(message: string, line?: number, input?: number): Failed {
  return { failure: { message, ...(line === undefined ? {} : { line }), ...(input === undefined ? {} : { input }) } };
}

/** A missing bracket is found behind the last line of the source; the user sees the last one. */
function lineWithin(line: number | undefined, source: string): number | undefined {
  return line === undefined ? undefined : Math.min(line, source.split("\n").length);
}

/** JavaScript without types and without `export`, line by line as in the source. */
async function toScript(source: string): Promise<{ readonly code: string } | Failed> {
  // Loaded only when someone writes a function of their own.
  const { transform } = await import("sucrase");
  try {
    return { code: transform(source, { transforms: ["typescript", "imports"], disableESTransforms: true }).code };
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    const place = /^(?:Error transforming [^:]*: )?(.*?)\s*\((\d+):\d+\)$/s.exec(text);
    return failed(place?.[1] ?? text, lineWithin(place ? Number(place[2]) : undefined, source));
  }
}

function askFrame(
  target: Window,
  request: { source: string; inputs: readonly RewardInput[]; limitMs: number },
): Promise<unknown> {
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve) => {
    port1.onmessage = ({ data }: MessageEvent<unknown>) => {
      port1.close();
      resolve(data);
    };
    // The frame's origin is opaque: no address can name it, and the window is the one we made.
    target.postMessage(request, "*", [port2]);
  });
}

function makeFrame(url: string, startLimitMs: number): Promise<HTMLIFrameElement> {
  return new Promise((resolve, reject) => {
    const element = document.createElement("iframe");
    element.setAttribute("sandbox", "allow-scripts");
    element.title = "Reward sandbox";
    element.hidden = true;
    element.tabIndex = -1;
    const onMessage = ({ source, data }: MessageEvent<unknown>) => {
      if (source !== element.contentWindow || !v.is(readySchema, data)) return;
      settle();
      resolve(element);
    };
    const timer = setTimeout(() => {
      settle();
      element.remove();
      reject(new Error(`the sandbox (${url}) did not start within ${startLimitMs / 1000} s`));
    }, startLimitMs);
    const settle = () => {
      clearTimeout(timer);
      removeEventListener("message", onMessage);
    };
    addEventListener("message", onMessage);
    element.src = url;
    document.body.append(element);
  });
}

let ofPage: RewardSandbox | null = null;

/** The sandbox of this page. */
export function rewardSandbox(): RewardSandbox {
  ofPage ??= createRewardSandbox({ url: new URL("sandbox.html", document.baseURI).href });
  return ofPage;
}
