// What a link cannot hold, as one JSON file: pictures, question, settings and selection (as in a link), and the shown answer with all its
// numbers. One gate: what `readSavedView` returns has passed the schema and can be shown; texts in it are only ever shown as text.
import * as v from "valibot";
import { type AnswerHeader, answerHeader, answerTokens } from "@/client/live";
import { TokenBuffer, type TokenSnapshot } from "@/client/tokenBuffer";
import { inspectImage } from "@/image/inspect";
import { decodePng } from "@/image/pngDecode";
import { encodePng } from "@/image/pngEncode";
import type { RgbImage } from "@/image/rgbImage";
import { fromBase64, toBase64 } from "@/lib/base64";
import { UserError } from "@/lib/errors";
import { tokenStatColumns } from "@/protocol/generation";
import type { AnswerNode } from "@/state/answers/answerTree";
import { useStore } from "@/state/store";
import { provenance } from "./provenance";

/** The file is none of this page's, or is damaged. */
export class SavedViewError extends UserError {
  override readonly name = "SavedViewError";
  constructor(why: string, options?: ErrorOptions) {
    super("The file was not opened", why, "Choose a file that “Save this view” wrote", options);
  }
}

export const savedViewFormat = "vppo-playground/view";
export const savedViewEnding = ".vppo.json";
const version = 1;
export const largestBytes = 256 * 2 ** 20;
const most = { rollouts: 256, tokens: 100_000, topK: 64, texts: 300_000, pictures: 8 } as const;

/** An answer of a file, ready to be kept. */
export interface SavedAnswer {
  readonly header: AnswerHeader;
  readonly tokens: TokenSnapshot;
  readonly promptTokens: number | null;
  readonly rewardEdits: Readonly<Record<number, number>>;
  readonly rollout: number;
  readonly origin: Asked | null;
}

/** What a file holds. */
export interface SavedView {
  /** Settings and selection, as after the # of a link. */
  readonly hash: string;
  readonly question: string;
  readonly knownAnswer: string | null;
  readonly sample: string | null;
  readonly pictures: readonly RgbImage[];
  readonly answer: SavedAnswer | null;
}

/** How an answer was asked for. */
type Asked = NonNullable<AnswerNode["origin"]>;

const text = (length: number) => v.pipe(v.string(), v.maxLength(length));
const count = (largest: number) => v.pipe(v.number(), v.safeInteger(), v.minValue(0), v.maxValue(largest));
const finite = v.pipe(v.number(), v.finite());
const share = v.pipe(v.number(), v.minValue(0), v.maxValue(1));
const originSchema = v.object({
  request: v.object({
    plain: v.exactOptional(v.boolean()),
    rollouts: v.pipe(count(most.rollouts), v.minValue(1)),
    sampling: v.object({
      temperature: v.pipe(finite, v.minValue(0)),
      topP: share,
      topK: count(1e6),
      seed: finite,
      maxNewTokens: v.pipe(count(1e6), v.minValue(1)),
    }),
    mask: v.object({
      strategy: v.picklist(["patch_blackening", "gaussian_noise", "blur", "grey", "whole", "region"]),
      ratio: share,
      cellSize: v.pipe(count(4096), v.minValue(1)),
      seed: finite,
      sharing: v.picklist(["trajectory", "shared"]),
      region: v.exactOptional(v.tuple([share, share, share, share])),
    }),
    pixels: v.exactOptional(v.object({ minPixels: v.exactOptional(count(1e9)), maxPixels: v.exactOptional(count(1e9)) })),
    topK: count(most.topK),
  }),
  model: v.object({
    name: text(300),
    adapter: v.nullable(text(300)),
    step: count(1e9),
    run: v.nullable(text(100)),
    precision: v.nullable(text(100)),
  }),
});
const answerSchema = v.object({
  question: text(20_000),
  answer: v.nullable(text(20_000)),
  image: v.nullable(v.string()),
  masked: v.pipe(v.array(v.string()), v.maxLength(most.rollouts)),
  rewards: v.nullable(v.pipe(v.array(finite), v.maxLength(most.rollouts))),
  notices: v.pipe(v.array(text(1000)), v.maxLength(20)),
  promptTokens: v.nullable(count(1e7)),
  rewardEdits: v.record(v.string(), finite),
  rollout: count(most.rollouts),
  origin: v.nullable(originSchema),
  topK: count(most.topK),
  texts: v.pipe(
    v.record(v.pipe(v.string(), v.regex(/^\d{1,9}$/)), text(1000)),
    v.check((texts) => Object.keys(texts).length <= most.texts),
  ),
  rollouts: v.pipe(
    v.array(
      v.object({
        finished: v.nullable(v.picklist(["stop", "length"])),
        ids: v.string(),
        stats: v.string(),
        topIds: v.string(),
        topLogp: v.string(),
        topOther: v.string(),
      }),
    ),
    v.minLength(1),
    v.maxLength(most.rollouts),
  ),
});
const fileSchema = v.object({
  format: v.literal(savedViewFormat),
  version: v.number(),
  hash: text(20_000),
  question: text(20_000),
  knownAnswer: v.nullable(text(20_000)),
  sample: v.nullable(text(300)),
  pictures: v.pipe(v.array(v.string()), v.maxLength(most.pictures)),
  answer: v.nullable(answerSchema),
});

/** The page as it is, as the text of a file; `hash` is what a link would hold. */
export async function writeSavedView(hash: string): Promise<string> {
  const { input } = useStore.getState();
  const { page, exportedAt } = provenance();
  const pictures = [...(input.image ? [input.image] : []), ...input.moreImages];
  const file: v.InferInput<typeof fileSchema> = {
    format: savedViewFormat,
    version,
    hash,
    question: input.question,
    knownAnswer: input.answer,
    sample: input.sample,
    pictures: await Promise.all(pictures.map(pictureText)),
    answer: await answerOfPage(),
  };
  return JSON.stringify({ ...file, page, exportedAt });
}

async function answerOfPage(): Promise<v.InferInput<typeof answerSchema> | null> {
  const header = answerHeader();
  if (!header || answerTokens.rolloutCount === 0) return null;
  const { promptTokens, rewardEdits, rollout, answers, shownAnswer } = useStore.getState();
  const origin = answers.find(({ id }) => id === shownAnswer)?.origin ?? null;
  const texts: Record<number, string> = {};
  const rollouts = Array.from({ length: answerTokens.rolloutCount }, (_, i) => {
    const chunk = answerTokens.chunk(i, answerTokens.length(i));
    Object.assign(texts, answerTokens.textsOf(chunk));
    const { ids, stats, topIds, topLogp, topOther } = chunk;
    return {
      finished: answerTokens.finished(i),
      ids: toBase64(ids),
      stats: toBase64(stats),
      topIds: toBase64(topIds),
      topLogp: toBase64(topLogp),
      topOther: toBase64(topOther),
    };
  });
  return {
    question: header.question,
    answer: header.answer,
    image: header.image && (await pictureText(header.image)),
    masked: await Promise.all(header.masked.map(pictureText)),
    rewards: header.rewards ? [...header.rewards] : null,
    notices: [...header.notices],
    promptTokens,
    rewardEdits,
    rollout,
    origin: origin && { request: requestOf(origin), model: origin.model },
    topK: answerTokens.topK,
    texts,
    rollouts,
  };
}

function requestOf({ request }: Asked): v.InferInput<typeof originSchema>["request"] {
  const { plain, rollouts, sampling, mask, pixels, topK } = request;
  const { region, ...rest } = mask;
  return {
    ...(plain === undefined ? {} : { plain }),
    rollouts,
    sampling,
    mask: { ...rest, ...(region ? { region: [...region] } : {}) },
    ...(pixels ? { pixels } : {}),
    topK,
  };
}

/** The view of a file's text; rejects with SavedViewError. */
export async function readSavedView(content: string): Promise<SavedView> {
  const json = parsed(content);
  if (typeof json !== "object" || json === null || !("format" in json) || json.format !== savedViewFormat) {
    throw new SavedViewError("it is no view of this page");
  }
  if (!("version" in json) || json.version !== version) {
    throw new SavedViewError(
      `it has version ${"version" in json ? String(json.version).slice(0, 20) : "unknown"} and this page reads version ${version}`,
    );
  }
  const result = v.safeParse(fileSchema, json, { abortEarly: true });
  if (!result.success) throw new SavedViewError(`its field ${v.getDotPath(result.issues[0]) ?? "(root)"} is wrong`);
  const { hash, question, knownAnswer, sample, answer } = result.output;
  const pictures = await Promise.all(result.output.pictures.map(pictureOf));
  return { hash, question, knownAnswer, sample, pictures, answer: answer && (await savedAnswer(answer, pictures)) };
}

type AnswerFile = v.InferOutput<typeof answerSchema>;

async function savedAnswer(file: AnswerFile, pictures: readonly RgbImage[]): Promise<SavedAnswer> {
  const { question, answer, rewards, notices, promptTokens, rollout } = file;
  // A buffer of its own: its texts must not mix with those of the loaded model.
  const buffer = new TokenBuffer();
  buffer.start(file.rollouts.length, file.topK);
  file.rollouts.forEach((row, i) => {
    const ids = new Int32Array(bytesOf(row.ids, `rollout ${i + 1}`));
    const chunk = {
      rollout: new Int32Array(ids.length).fill(i),
      ids,
      stats: new Float32Array(bytesOf(row.stats, `rollout ${i + 1}`)),
      topIds: new Int32Array(bytesOf(row.topIds, `rollout ${i + 1}`)),
      topLogp: new Float32Array(bytesOf(row.topLogp, `rollout ${i + 1}`)),
      topOther: new Float32Array(bytesOf(row.topOther, `rollout ${i + 1}`)),
    };
    const top = ids.length * 2 * file.topK;
    const isWhole =
      ids.length <= most.tokens &&
      chunk.stats.length === ids.length * tokenStatColumns.length &&
      [chunk.topIds, chunk.topLogp, chunk.topOther].every(({ length }) => length === top);
    if (!isWhole) throw new SavedViewError(`rollout ${i + 1} has missing numbers`);
    buffer.append(chunk, i === 0 ? file.texts : {});
    if (row.finished) buffer.finishRollout(i, row.finished);
  });
  const image = file.image === null ? null : await pictureOf(file.image);
  const masked = await Promise.all(file.masked.map(pictureOf));
  const [first, ...moreImages] = pictures;
  const asked = image ?? first;
  return {
    header: { question, answer, image, masked, rewards, notices },
    tokens: buffer.snapshot,
    promptTokens,
    rewardEdits: Object.fromEntries(Object.entries(file.rewardEdits).filter(([i]) => Number(i) < file.rollouts.length)),
    rollout: Math.min(rollout, file.rollouts.length - 1),
    origin:
      file.origin && asked
        ? {
            request: {
              ...file.origin.request,
              image: first ?? asked,
              ...(moreImages.length > 0 ? { moreImages } : {}),
              question,
            },
            model: file.origin.model,
          }
        : null,
  };
}

function parsed(content: string): unknown {
  try {
    return JSON.parse(content);
  } catch (cause) {
    throw new SavedViewError("it is no JSON", { cause });
  }
}

async function pictureText(image: RgbImage): Promise<string> {
  return toBase64(await encodePng(image));
}

async function pictureOf(base64: string): Promise<RgbImage> {
  const bytes = fromBase64(base64);
  try {
    // The header first: a small file must not become a huge picture.
    if (bytes && inspectImage(bytes, "image/png").type === "png") {
      const image = await decodePng(bytes);
      if (image) return image;
    }
  } catch (cause) {
    throw new SavedViewError("a picture in it is damaged", { cause });
  }
  throw new SavedViewError("a picture in it is no PNG");
}

function bytesOf(base64: string, where: string): ArrayBuffer {
  const bytes = fromBase64(base64);
  if (!bytes || bytes.length % 4 !== 0) throw new SavedViewError(`${where} has damaged numbers`);
  return bytes.buffer;
}
