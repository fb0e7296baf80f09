// One answer of one engine: time and WebGPU calls until the first token, and per token after it; the same until the first token about
// a picture. Pure but for the engine itself
// and the snapshots it is given.

import { median } from "../timing";
import { difference, type GpuCounters, type GpuSnapshot } from "./counters";
import type { PeerEngine, PictureEngine, PictureTask } from "./engine";

/** Differences per token; fractions where an engine makes several tokens per submit. */
export type PerToken = Readonly<Record<keyof GpuSnapshot, number>>;

/** One answer. */
export interface AnswerRun {
  readonly tokens: readonly number[];
  /** Everything up to the first token the page knows; for an engine that delivers bursts that is the first burst. */
  readonly first: GpuSnapshot;
  /** Tokens of the first burst, those of the steady state left out. */
  readonly firstTokens: number;
  /** Steady state: from the end of the first burst to the last token. */
  readonly perToken: PerToken;
}

/** Lets an engine answer and counts. Throws when it makes another number of tokens, or fewer than two bursts. */
export async function measureAnswer(
  engine: PeerEngine,
  prompt: Int32Array,
  count: number,
  snapshot: () => GpuSnapshot,
): Promise<AnswerRun> {
  const tokens: number[] = [];
  const marks: GpuSnapshot[] = [];
  const start = snapshot();
  await engine.generate(prompt, count, (id) => {
    tokens.push(id);
    marks.push(snapshot());
  });
  if (tokens.length !== count) throw new Error(`the engine made ${tokens.length} tokens instead of ${count}`);
  return { tokens, ...steadyState(start, marks) };
}

/** The first token about a picture. */
export interface PictureRun {
  readonly token: number;
  /** From decoded pixels to the token. */
  readonly work: GpuSnapshot;
}

/** Lets an engine look at a picture and counts. Throws when it says nothing. */
export async function measurePicture(
  engine: PictureEngine,
  task: PictureTask,
  { snapshot, restartHostTime }: Pick<GpuCounters, "snapshot" | "restartHostTime">,
): Promise<PictureRun> {
  const runs: PictureRun[] = [];
  restartHostTime();
  const start = snapshot();
  await engine.firstToken(task, (token) => runs.push({ token, work: difference(start, snapshot()) }));
  const [run] = runs;
  if (!run) throw new Error("the engine made no token");
  return run;
}

/** How far features are from a reference. */
export interface FeatureError {
  readonly maxAbsolute: number;
  /** Length of the difference over the reference's length. */
  readonly relative: number;
}

/** Compares features number by number. Throws when there are more of one than of the other. */
export function featureError(features: Float32Array, reference: Float32Array): FeatureError {
  if (features.length !== reference.length) throw new RangeError(`${features.length} features instead of ${reference.length}`);
  let [maxAbsolute, apart, length] = [0, 0, 0];
  reference.forEach((value, i) => {
    const error = (features[i] as number) - value;
    maxAbsolute = Math.max(maxAbsolute, Math.abs(error));
    apart += error * error;
    length += value * value;
  });
  return { maxAbsolute, relative: Math.sqrt(apart / length) };
}

/** Splits marks (one per token) at the end of the first burst: tokens between which nothing was read came together. */
export function steadyState(start: GpuSnapshot, marks: readonly GpuSnapshot[]): Omit<AnswerRun, "tokens"> {
  const [first, last] = [marks[0], marks[marks.length - 1]];
  if (!first || !last) throw new RangeError("no token was made");
  const next = marks.findIndex((mark) => mark.reads > first.reads);
  if (next < 0) throw new RangeError("all tokens came in one burst: ask for more tokens");
  const from = marks[next - 1] as GpuSnapshot;
  // Times are means over the whole stretch. Work is the median burst's, so that a cache that grows now and then is not steady work.
  const bursts = splitBursts(from, marks.slice(next));
  const count = marks.length - next;
  const time = difference(from, last);
  const counted = Object.keys(time).map((name) => {
    const key = name as keyof GpuSnapshot;
    const isTime = key === "t" || key === "hostMs";
    return [key, isTime ? time[key] / count : median(bursts.map(({ work, tokens }) => work[key] / tokens))];
  });
  return { first: difference(start, first), firstTokens: next, perToken: Object.fromEntries(counted) as unknown as PerToken };
}

/** Work per burst: tokens between which nothing was read back. */
function splitBursts(from: GpuSnapshot, marks: readonly GpuSnapshot[]): { work: GpuSnapshot; tokens: number }[] {
  const bursts: { work: GpuSnapshot; tokens: number }[] = [];
  let before = from;
  marks.forEach((mark, i) => {
    const end = marks[i + 1];
    const begin = bursts.reduce((sum, { tokens }) => sum + tokens, 0);
    if (end && end.reads === mark.reads) return;
    bursts.push({ work: difference(before, mark), tokens: i + 1 - begin });
    before = mark;
  });
  return bursts;
}

/** How many tokens from the front agree. */
export function agreeingTokens(tokens: readonly number[], reference: readonly number[]): number {
  const other = tokens.findIndex((id, i) => id !== reference[i]);
  return other < 0 ? tokens.length : other;
}
