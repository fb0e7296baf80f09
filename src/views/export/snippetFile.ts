// The Python snippet of the pinned token with everything it needs, as one zip: program, both pictures, the adapter, and the embedded model
// itself, because no hub has it. What stands in the way is told before, and what may differ stands in the program.
import { type AnswerHeader, answerHeader, answerTokens } from "@/client/live";
import { pythonSnippet, snippetFiles } from "@/formats/pythonSnippet";
import { maskImage } from "@/image/masks";
import { encodePng } from "@/image/pngEncode";
import type { RgbImage } from "@/image/rgbImage";
import { UserError } from "@/lib/errors";
import { maskSeed, maskSpecOf } from "@/protocol/maskSpec";
import { type AnswerNode, modelText, sameModel } from "@/state/answers/answerTree";
import { currentModel } from "@/state/answers/askJob";
import { currentUpdate } from "@/state/answers/update";
import { isEmbedded } from "@/state/models/modelCatalogue";
import { lastLoadedSource, saveAdapter } from "@/state/models/modelJob";
import type { TokenRef } from "@/state/selection";
import { useStore } from "@/state/store";
import { tokenFacts } from "@/state/tokens/tokenFacts";
import { withInstruction } from "@/tasks/instruction";
import { adapterBlobs } from "@/views/training/adapterFiles";
import { type ExportFile, textFile } from "./exportFile";

/** The token cannot be computed outside the page. */
export class SnippetError extends UserError {
  override readonly name = "SnippetError";
  constructor(why: string, todo: string) {
    super("The Python snippet was not made", why, todo);
  }
}

/** Files of the embedded model that transformers reads. */
const modelFiles = [
  ...["config.json", "generation_config.json", "preprocessor_config.json", "processor_config.json"],
  ...["tokenizer.json", "tokenizer_config.json", "chat_template.jinja", "model.safetensors"],
];

/** The token a snippet is about: the pinned one, or the one of the open rollout that depends most on the picture. */
export function snippetToken(): TokenRef | null {
  const { pinned, rollout } = useStore.getState();
  if (pinned && pinned.end < answerTokens.length(pinned.rollout)) return { rollout: pinned.rollout, token: pinned.start };
  const dependency = currentUpdate().dependencies[rollout];
  if (!dependency || dependency.length === 0) return null;
  const token = dependency.reduce((best, value, t) => (value > (dependency[best] as number) ? t : best), 0);
  return { rollout, token };
}

/** Program, pictures, adapter and model; throws SnippetError. */
export async function snippetZip(): Promise<readonly ExportFile[]> {
  const token = snippetToken();
  const header = answerHeader();
  const facts = token && tokenFacts(token, currentUpdate());
  if (!token || !facts || !header) throw new SnippetError("no answer is shown", "Ask a question first");
  const { answers, shownAnswer, model, source, promptTokens } = useStore.getState();
  const asked = answers.find(({ id }) => id === shownAnswer)?.origin ?? null;
  const masked = maskedOf(token.rollout, header, asked);
  if (!header.image || !masked) {
    throw new SnippetError("the pictures of this answer are not kept", "Ask the question again and export that answer");
  }
  if ((asked?.request.moreImages?.length ?? 0) > 0 || (header.origin?.moreImages?.length ?? 0) > 0) {
    throw new SnippetError("it takes answers about one picture only", "Ask about one picture");
  }
  if (model.status !== "ready") throw new SnippetError("no model is loaded", "Load the model that gave the answer");
  const isRecorded = source === "recorded";
  const adapter = isRecorded ? [] : await adapterFiles(asked);
  const weights = await modelOf();
  const { precision } = model.model;
  const formats = isRecorded ? recordedPrecision : precision;
  const program = pythonSnippet({
    modelName: model.model.name,
    ...weights.names,
    family: model.model.family,
    precision: formats,
    hasAdapter: adapter.length > 0,
    text: asked?.request.plain ? header.question : withInstruction(header.question),
    promptTokens: isRecorded ? null : promptTokens,
    ids: [...answerTokens.ids(token.rollout).subarray(0, token.token + 1)],
    tokenText: facts.text,
    page: {
      logp: facts.logp,
      logpMasked: facts.logpMasked,
      kl: facts.kl,
      jsd: facts.jsd,
      entropy: facts.entropy,
      entropyMasked: facts.entropyMasked,
    },
    top: facts.pairs.rows.map(({ id, probability, probabilityMasked }) => ({ id, probability, probabilityMasked })),
    notes: notesOf(asked, isRecorded),
  });
  return [
    textFile(snippetFiles.program, program, "text/x-python"),
    await png(snippetFiles.image, header.image),
    await png(snippetFiles.masked, masked),
    ...adapter,
    ...weights.files,
  ];
}

/** What the recorder asks with, before it trains (scripts/record). */
const recordedPrecision = { text: "int8", vision: "int8", head: "int8", groupSize: 32 } as const;

/** The masked twin of a rollout; made again from its seed where only the first one is kept. */
function maskedOf(rollout: number, { image, masked }: AnswerHeader, asked: AnswerNode["origin"]): RgbImage | undefined {
  const own = masked[rollout] ?? (asked?.request.mask.sharing === "trajectory" ? undefined : masked[0]);
  if (own || !image || !asked) return own;
  const { mask } = asked.request;
  return maskImage(image, maskSpecOf(mask, image), maskSeed(mask, rollout));
}

/** What tells the weights of the program from those that wrote the answer. */
function notesOf(asked: AnswerNode["origin"], isRecorded: boolean): readonly string[] {
  if (!asked) return ["How this answer was asked for is not known: the numbers may differ."];
  const loaded = currentModel();
  // The recorded answer is that of the base model, whose weights come with this program whatever was trained since.
  const isSame = loaded && (isRecorded ? loaded.name === asked.model.name : sameModel(asked.model, loaded));
  if (isSame || !loaded) return [];
  return [
    `The answer was written by ${modelText(asked.model)}, this program computes with ${modelText(loaded)}: the numbers differ.`,
  ];
}

async function png(name: string, image: RgbImage): Promise<ExportFile> {
  return { name, blob: new Blob([await encodePng(image)], { type: "image/png" }) };
}

/** The adapter in use; none where the base model answered. */
async function adapterFiles(asked: AnswerNode["origin"]): Promise<readonly ExportFile[]> {
  const { model, training } = useStore.getState();
  const isChanged = training.step > 0 || (model.status === "ready" && model.model.adapter !== undefined);
  if (!isChanged || (asked && asked.model.step === 0 && asked.model.adapter === null)) return [];
  const files = await saveAdapter();
  if (!files)
    throw new SnippetError(
      "the trained weights cannot be saved as an adapter",
      "Train with LoRA, or reset the training and ask again",
    );
  return adapterBlobs(files).map(({ name, blob }) => ({ name: `${snippetFiles.adapter}/${name}`, blob }));
}

/** What the program loads, and the files it needs for that. */
async function modelOf(): Promise<{
  readonly names: { readonly model: string; readonly revision?: string };
  readonly files: readonly ExportFile[];
}> {
  const source = lastLoadedSource();
  if (!source || source.gguf)
    throw new SnippetError("the model comes from GGUF files, which transformers does not read", "Load the model's safetensors");
  if (source.kind === "hub") return { names: { model: source.repo, revision: source.revision }, files: [] };
  if (source.kind === "files") return { names: { model: source.name }, files: [] };
  if (!isEmbedded(source))
    return { names: { model: new URL(source.url).pathname.split("/").filter(Boolean).at(-1) ?? "model" }, files: [] };
  const files = await Promise.all(modelFiles.map((name) => fetched(`${source.url.replace(/\/$/, "")}/${name}`, `model/${name}`)));
  return { names: { model: "model" }, files };
}

async function fetched(path: string, name: string): Promise<ExportFile> {
  const response = await fetch(new URL(path, document.baseURI)).catch(() => null);
  if (!response?.ok)
    throw new SnippetError(
      `${path.split("/").at(-1)} could not be read from the page's server`,
      "Check the connection and try again",
    );
  return { name, blob: await response.blob() };
}
