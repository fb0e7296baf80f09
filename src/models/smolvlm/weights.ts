// Checkpoint tensors → the model's structure. Names and shapes are those of transformers' SmolVLMForConditionalGeneration
// (vlm-facts section 5a); what a file lacks or has in another shape is an error that names the tensor.

import { keep, type Tensor, tensor } from "@tensorflow/tfjs-core";
import { UserError } from "@/lib/errors";
import type { LinearLayer } from "@/nn/linear";
import { type Matrix, type MatrixFormat, matrixOnThisBackend } from "@/ops/matrix";
import type { SmolVlmConfig } from "./config";
import type { SmolVlmWeights } from "./model";

/** Weights by checkpoint name, as float32. */
export interface WeightSource {
  read(name: string): Promise<{ readonly shape: readonly number[]; readonly data: Float32Array }>;
  has(name: string): boolean;
}

/** Number format per part. */
export interface Precision {
  readonly text: MatrixFormat;
  readonly vision: MatrixFormat;
  readonly head: MatrixFormat;
  readonly groupSize: number;
}

export class CheckpointError extends UserError {
  override readonly name = "CheckpointError";
}

/** Reads every tensor of the model; matrices whose rows are not whole groups stay float32. */
export async function loadSmolVlmWeights(
  config: SmolVlmConfig,
  source: WeightSource,
  precision: Precision,
): Promise<SmolVlmWeights> {
  const { vision, text } = config;

  async function read(name: string, shape: readonly number[]): Promise<Float32Array> {
    const found = await source.read(name);
    if (found.shape.join() !== shape.join()) {
      throw new CheckpointError(
        `The checkpoint does not fit its config.json`,
        `${name} is [${found.shape.join(", ")}] but should be [${shape.join(", ")}]`,
        "Choose a folder whose files belong together",
      );
    }
    return found.data;
  }
  const vector = async (name: string, size: number): Promise<Tensor> => keep(tensor(await read(name, [size]), [size]));
  async function matrix(
    name: string,
    rows: number,
    columns: number,
    format: MatrixFormat,
    shape = [rows, columns],
  ): Promise<Matrix> {
    const values = await read(name, shape);
    const fits = format !== "f32" && columns % precision.groupSize === 0;
    return matrixOnThisBackend(values, rows, columns, fits ? format : "f32", precision.groupSize);
  }
  async function projection(name: string, out: number, input: number, format: MatrixFormat, bias: boolean): Promise<LinearLayer> {
    const weight = await matrix(`${name}.weight`, out, input, format);
    return bias ? { name, weight, bias: await vector(`${name}.bias`, out) } : { name, weight };
  }
  const norm = async (name: string, size: number) => ({
    weight: await vector(`${name}.weight`, size),
    bias: await vector(`${name}.bias`, size),
  });

  const tower = "model.vision_model";
  const patchName = `${tower}.embeddings.patch_embedding`;
  const patchColumns = vision.numChannels * vision.patchSize ** 2;
  const side = vision.imageSize / vision.patchSize;
  const patchShape = [vision.hiddenSize, vision.numChannels, vision.patchSize, vision.patchSize];
  const patchEmbedding: LinearLayer = {
    name: patchName,
    weight: await matrix(`${patchName}.weight`, vision.hiddenSize, patchColumns, "f32", patchShape),
    bias: await vector(`${patchName}.bias`, vision.hiddenSize),
  };
  const positions = await read(`${tower}.embeddings.position_embedding.weight`, [side * side, vision.hiddenSize]);

  const visionHeads = {
    query: vision.numAttentionHeads,
    keyValue: vision.numAttentionHeads,
    dim: vision.hiddenSize / vision.numAttentionHeads,
  };
  const visionLayers = [];
  for (let i = 0; i < vision.numHiddenLayers; i++) {
    const p = `${tower}.encoder.layers.${i}`;
    const square = (name: string) =>
      projection(`${p}.self_attn.${name}`, vision.hiddenSize, vision.hiddenSize, precision.vision, true);
    visionLayers.push({
      heads: visionHeads,
      epsilon: vision.layerNormEps,
      norm1: await norm(`${p}.layer_norm1`, vision.hiddenSize),
      norm2: await norm(`${p}.layer_norm2`, vision.hiddenSize),
      q: await square("q_proj"),
      k: await square("k_proj"),
      v: await square("v_proj"),
      out: await square("out_proj"),
      fc1: await projection(`${p}.mlp.fc1`, vision.intermediateSize, vision.hiddenSize, precision.vision, true),
      fc2: await projection(`${p}.mlp.fc2`, vision.hiddenSize, vision.intermediateSize, precision.vision, true),
    });
  }

  const heads = { query: text.numAttentionHeads, keyValue: text.numKeyValueHeads, dim: text.headDim };
  const [hidden, queryWidth, keyWidth] = [text.hiddenSize, heads.query * heads.dim, heads.keyValue * heads.dim];
  const layers = [];
  for (let i = 0; i < text.numHiddenLayers; i++) {
    const p = `model.text_model.layers.${i}`;
    const project = (name: string, out: number, input: number) => projection(`${p}.${name}`, out, input, precision.text, false);
    layers.push({
      heads,
      epsilon: text.rmsNormEps,
      inputNorm: await vector(`${p}.input_layernorm.weight`, hidden),
      postAttentionNorm: await vector(`${p}.post_attention_layernorm.weight`, hidden),
      q: await project("self_attn.q_proj", queryWidth, hidden),
      k: await project("self_attn.k_proj", keyWidth, hidden),
      v: await project("self_attn.v_proj", keyWidth, hidden),
      o: await project("self_attn.o_proj", hidden, queryWidth),
      gate: await project("mlp.gate_proj", text.intermediateSize, hidden),
      up: await project("mlp.up_proj", text.intermediateSize, hidden),
      down: await project("mlp.down_proj", hidden, text.intermediateSize),
    });
  }

  const embedTokens = await matrix("model.text_model.embed_tokens.weight", text.vocabSize, hidden, precision.head);
  const tied = config.tieWordEmbeddings || !source.has("lm_head.weight");
  const connectorColumns = vision.hiddenSize * config.scaleFactor ** 2;
  return {
    patchEmbedding,
    positionEmbedding: keep(tensor(positions, [side * side, vision.hiddenSize])),
    vision: visionLayers,
    postLayerNorm: await norm(`${tower}.post_layernorm`, vision.hiddenSize),
    connector: await projection("model.connector.modality_projection.proj", hidden, connectorColumns, precision.vision, false),
    embedTokens,
    layers,
    norm: await vector("model.text_model.norm.weight", hidden),
    head: tied ? embedTokens : await matrix("lm_head.weight", text.vocabSize, hidden, precision.head),
  };
}

/** Name and shape of every tensor of a checkpoint with these dimensions, in file order. */
export function checkpointShapes(config: SmolVlmConfig): [string, readonly number[]][] {
  const { vision, text } = config;
  const [v, d] = [vision.hiddenSize, text.hiddenSize];
  const side = vision.imageSize / vision.patchSize;
  const tower = "model.vision_model";
  const shapes: [string, readonly number[]][] = [
    [`${tower}.embeddings.patch_embedding.weight`, [v, vision.numChannels, vision.patchSize, vision.patchSize]],
    [`${tower}.embeddings.patch_embedding.bias`, [v]],
    [`${tower}.embeddings.position_embedding.weight`, [side * side, v]],
  ];
  for (let i = 0; i < vision.numHiddenLayers; i++) {
    const p = `${tower}.encoder.layers.${i}`;
    for (const norm of ["layer_norm1", "layer_norm2"]) shapes.push([`${p}.${norm}.weight`, [v]], [`${p}.${norm}.bias`, [v]]);
    for (const name of ["q_proj", "k_proj", "v_proj", "out_proj"]) {
      shapes.push([`${p}.self_attn.${name}.weight`, [v, v]], [`${p}.self_attn.${name}.bias`, [v]]);
    }
    shapes.push([`${p}.mlp.fc1.weight`, [vision.intermediateSize, v]], [`${p}.mlp.fc1.bias`, [vision.intermediateSize]]);
    shapes.push([`${p}.mlp.fc2.weight`, [v, vision.intermediateSize]], [`${p}.mlp.fc2.bias`, [v]]);
  }
  shapes.push([`${tower}.post_layernorm.weight`, [v]], [`${tower}.post_layernorm.bias`, [v]]);
  shapes.push(["model.connector.modality_projection.proj.weight", [d, v * config.scaleFactor ** 2]]);
  shapes.push(["model.text_model.embed_tokens.weight", [text.vocabSize, d]]);
  const queryWidth = text.numAttentionHeads * text.headDim;
  const keyWidth = text.numKeyValueHeads * text.headDim;
  for (let i = 0; i < text.numHiddenLayers; i++) {
    const p = `model.text_model.layers.${i}`;
    shapes.push(
      [`${p}.input_layernorm.weight`, [d]],
      [`${p}.post_attention_layernorm.weight`, [d]],
      [`${p}.self_attn.q_proj.weight`, [queryWidth, d]],
      [`${p}.self_attn.k_proj.weight`, [keyWidth, d]],
      [`${p}.self_attn.v_proj.weight`, [keyWidth, d]],
      [`${p}.self_attn.o_proj.weight`, [d, queryWidth]],
      [`${p}.mlp.gate_proj.weight`, [text.intermediateSize, d]],
      [`${p}.mlp.up_proj.weight`, [text.intermediateSize, d]],
      [`${p}.mlp.down_proj.weight`, [d, text.intermediateSize]],
    );
  }
  shapes.push(["model.text_model.norm.weight", [d]]);
  if (!config.tieWordEmbeddings) shapes.push(["lm_head.weight", [text.vocabSize, d]]);
  return shapes;
}

/** The model's own tensors by checkpoint name; float32 matrices only (a model loaded for full training). */
export function checkpointTensors(weights: SmolVlmWeights): Map<string, Tensor> {
  const found = new Map<string, Tensor>();
  const add = (layer: LinearLayer) => {
    found.set(`${layer.name}.weight`, layer.weight.data);
    if (layer.bias) found.set(`${layer.name}.bias`, layer.bias);
  };
  const tower = "model.vision_model";
  add(weights.patchEmbedding);
  found.set(`${tower}.embeddings.position_embedding.weight`, weights.positionEmbedding);
  weights.vision.forEach((layer, i) => {
    const p = `${tower}.encoder.layers.${i}`;
    for (const [name, norm] of [
      ["layer_norm1", layer.norm1],
      ["layer_norm2", layer.norm2],
    ] as const) {
      found.set(`${p}.${name}.weight`, norm.weight).set(`${p}.${name}.bias`, norm.bias);
    }
    for (const projection of [layer.q, layer.k, layer.v, layer.out, layer.fc1, layer.fc2]) add(projection);
  });
  found
    .set(`${tower}.post_layernorm.weight`, weights.postLayerNorm.weight)
    .set(`${tower}.post_layernorm.bias`, weights.postLayerNorm.bias);
  add(weights.connector);
  found.set("model.text_model.embed_tokens.weight", weights.embedTokens.data);
  weights.layers.forEach((layer, i) => {
    const p = `model.text_model.layers.${i}`;
    found
      .set(`${p}.input_layernorm.weight`, layer.inputNorm)
      .set(`${p}.post_attention_layernorm.weight`, layer.postAttentionNorm);
    for (const projection of [layer.q, layer.k, layer.v, layer.o, layer.gate, layer.up, layer.down]) add(projection);
  });
  found.set("model.text_model.norm.weight", weights.norm);
  found.set("lm_head.weight", weights.head.data);
  return found;
}
