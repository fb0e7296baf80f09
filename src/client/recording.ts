// Reads the recorded example (public/recorded/example.json): fetch, one schema check at the gate, then into the same buffers as
// live data. Which recording is shown when is decided in `state/`.

import * as v from "valibot";
import type { RgbImage } from "@/image/rgbImage";
import { UserError } from "@/lib/errors";
import { tokenStatColumns } from "@/protocol/generation";
import type { RecordedAnswer, Recording } from "@/protocol/recorded";
import type { AnswerHeader } from "./live";
import type { SeriesBuffer } from "./seriesBuffer";
import type { TokenBuffer } from "./tokenBuffer";

/** The recorded example cannot be shown. */
export class RecordingError extends UserError {
  override readonly name = "RecordingError";
  constructor(why: string) {
    super("The recorded example cannot be shown", why, "Load the model and ask your own question");
  }
}

const picture = v.object({ width: v.number(), height: v.number(), rgb: v.string() });
const metrics = v.record(v.string(), v.number());
const recordingSchema = v.object({
  version: v.literal(1),
  model: v.string(),
  adapter: v.string(),
  command: v.string(),
  texts: v.record(v.string(), v.string()),
  answers: v.array(
    v.object({
      question: v.string(),
      image: picture,
      masked: picture,
      topK: v.number(),
      answer: v.optional(v.string()),
      rollouts: v.array(
        v.object({
          reward: v.number(),
          ids: v.string(),
          stats: v.string(),
          topIds: v.string(),
          topLogp: v.string(),
          topOther: v.string(),
        }),
      ),
    }),
  ),
  run: v.optional(
    v.object({
      name: v.string(),
      settings: v.record(v.string(), v.union([v.number(), v.string(), v.boolean()])),
      steps: v.array(metrics),
      evaluation: v.object({
        before: v.number(),
        after: v.number(),
        maskedBefore: v.number(),
        maskedAfter: v.number(),
      }),
    }),
  ),
});

/** Fetches and checks a recording; throws RecordingError. */
export async function fetchRecording(url: string, fetcher: typeof fetch = fetch): Promise<Recording> {
  const response = await fetcher(url).catch((error: unknown) => {
    throw new RecordingError(`it could not be fetched (${error instanceof Error ? error.message : String(error)})`);
  });
  if (!response.ok) throw new RecordingError(`the server answered ${response.status}`);
  const json: unknown = await response.json().catch(() => {
    throw new RecordingError("the file is not JSON");
  });
  return parseRecording(json);
}

/** Checks a parsed file; throws RecordingError naming the first wrong field. */
export function parseRecording(json: unknown): Recording {
  const result = v.safeParse(recordingSchema, json);
  if (!result.success) {
    const [issue] = result.issues;
    throw new RecordingError(`the field ${v.getDotPath(issue) ?? "(root)"} is wrong`);
  }
  // The only difference is that JSON has string keys where the type says number.
  return result.output as Recording;
}

/** Puts a recorded answer into the token buffer; returns its header for `setAnswerHeader`. */
export function replayAnswer(recording: Recording, answer: RecordedAnswer, tokens: TokenBuffer): AnswerHeader {
  tokens.start(answer.rollouts.length, answer.topK);
  answer.rollouts.forEach((rollout, i) => {
    const ids = new Int32Array(bytesOf(rollout.ids));
    const stats = new Float32Array(bytesOf(rollout.stats));
    if (stats.length !== ids.length * tokenStatColumns.length) throw new RecordingError(`rollout ${i + 1} has missing numbers`);
    const chunk = {
      rollout: new Int32Array(ids.length).fill(i),
      ids,
      stats,
      topIds: new Int32Array(bytesOf(rollout.topIds)),
      topLogp: new Float32Array(bytesOf(rollout.topLogp)),
      topOther: new Float32Array(bytesOf(rollout.topOther)),
    };
    tokens.append(chunk, i === 0 ? recording.texts : {});
    tokens.finishRollout(i, "stop");
  });
  return {
    question: answer.question,
    answer: answer.answer ?? null,
    image: imageOf(answer.image),
    masked: [imageOf(answer.masked)],
    rewards: answer.rollouts.map((rollout) => rollout.reward),
    notices: [],
    origin: { model: recording.model },
  };
}

/** Puts the recorded run into a series buffer. */
export function replayRun(recording: Recording, series: SeriesBuffer): void {
  series.reset();
  recording.run?.steps.forEach((step, i) => {
    series.append(step.step ?? i + 1, step);
  });
}

function imageOf({ width, height, rgb }: RecordedAnswer["image"]): RgbImage {
  const data = new Uint8Array(bytesOf(rgb));
  if (data.length !== width * height * 3) throw new RecordingError("a picture has the wrong number of bytes");
  return { width, height, data };
}

function bytesOf(base64: string): ArrayBuffer {
  try {
    return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0)).buffer;
  } catch {
    throw new RecordingError("a block of numbers is not base64");
  }
}
