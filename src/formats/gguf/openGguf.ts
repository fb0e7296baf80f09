// A GGUF pair (text file and projector file, "mmproj") that looks like a Hugging Face checkpoint: its JSON files are made of the
// metadata, its tensors carry the names and shapes of the safetensors files, so that everything above stays the same. Which
// architectures there are, and what each takes from the released models because GGUF does not say it: architectures/.
import type { ByteSource } from "@/formats/byteSource";
import type { TensorSource } from "@/formats/tensorSource";
import type { GgufArchitecture, GgufPair } from "./architecture";
import { qwen3Vl } from "./architectures/qwen3Vl";
import { qwen25Vl } from "./architectures/qwen25Vl";
import { smolvlm } from "./architectures/smolvlm";
import { GgufError, quote } from "./ggufError";
import { parseGgufHeader } from "./header";
import { GgufMetadata } from "./metadata";
import { type GgufFile, mapTensors } from "./tensorRules";
import { readTokenizer } from "./tokenizerFiles";

/** A pair of GGUF files as a Hugging Face checkpoint. */
export interface GgufCheckpoint {
  /** A JSON file of the checkpoint by name (config.json, tokenizer.json, …); undefined when there is none of that name. */
  json(name: string): unknown;
  /** Tensors under their in-memory Hugging Face names (`model.language_model.layers.0…`). */
  readonly source: TensorSource;
}

const architectures: readonly GgufArchitecture[] = [smolvlm, qwen25Vl, qwen3Vl];
const known = architectures.map(({ name }) => name).join(", ");

async function openFile(
  source: ByteSource,
): Promise<GgufFile & { readonly metadata: GgufMetadata; readonly architecture: string }> {
  const header = await parseGgufHeader(source);
  const metadata = new GgufMetadata(header);
  if ((metadata.count("split.count") ?? 1) > 1) {
    throw new GgufError(source.name, "it is one piece of a split file", "Join the pieces with llama-gguf-split --merge");
  }
  return {
    source,
    header,
    metadata,
    architecture: metadata.require("general.architecture", metadata.text("general.architecture")),
  };
}

/**
 * Opens a pair: reads both heads, checks that they belong together and that no tensor is missing or unknown. Rejects with GgufError
 * naming the file. The files may come in either order.
 */
export async function openGguf(model: ByteSource, projector: ByteSource): Promise<GgufCheckpoint> {
  const [first, second] = await Promise.all([openFile(model), openFile(projector)]);
  const [text, vision] = first.architecture === "clip" ? [second, first] : [first, second];
  if (text.architecture === "clip") {
    throw new GgufError(text.source.name, "both files are projectors", "Choose the text file of the model as well");
  }
  if (vision.architecture !== "clip") {
    throw new GgufError(vision.source.name, "it is no projector", "Choose the model's mmproj file as well");
  }
  const projectorType =
    vision.metadata.text("clip.projector_type") ?? vision.metadata.text("clip.vision.projector_type") ?? "none";
  const architecture = architectures.find((each) => each.text === text.architecture);
  if (architecture === undefined) {
    throw new GgufError(
      text.source.name,
      `its architecture ${quote(text.architecture)} is not supported`,
      `Choose one of ${known}`,
    );
  }
  if (architecture.projector !== projectorType) {
    const why = `its projector ${quote(projectorType)} does not fit the architecture ${quote(text.architecture)}`;
    throw new GgufError(vision.source.name, why, `Choose a pair of one model: ${known}`);
  }
  const width = text.metadata.requireCount(`${text.architecture}.embedding_length`);
  const features = vision.header.tensors.get(architecture.lastProjection)?.shape[0] ?? width;
  if (features !== width) {
    throw new GgufError(
      vision.source.name,
      `its features have ${features} numbers and "${text.source.name}" takes ${width}`,
      "Choose the projector file of the same model",
    );
  }
  const tokenizer = readTokenizer(text.metadata, text.source.name);
  const pair: GgufPair = { model: text, projector: vision, text: text.metadata, vision: vision.metadata, tokenizer };
  const files = new Map(Object.entries(architecture.files(pair)));
  files.set("tokenizer.json", tokenizer.tokenizerJson);
  if (tokenizer.chatTemplate !== undefined) files.set("chat_template.json", { chat_template: tokenizer.chatTemplate });
  const source = mapTensors([
    { file: text, rules: architecture.modelRules(pair) },
    { file: vision, rules: architecture.projectorRules(pair) },
  ]);
  return { json: (name) => files.get(name), source };
}
