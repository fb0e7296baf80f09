// Initial weights of the embedded model: normal with variance 1/fan-in, residual branches scaled down by depth, norms 1,
// biases 0. Written in checkpoint names so that the ordinary loader builds the model from them.

import { createRng } from "@/lib/rng";
import type { SmolVlmConfig } from "@/models/smolvlm/config";
import { checkpointShapes } from "./plan";

/** Seeded initial tensors by checkpoint name. */
export function initialWeights(
  config: SmolVlmConfig,
  seed: number,
): Map<string, { shape: readonly number[]; data: Float32Array }> {
  const weights = new Map<string, { shape: readonly number[]; data: Float32Array }>();
  let stream = 0;
  for (const [name, shape] of checkpointShapes(config)) {
    const rng = createRng(seed, stream++);
    const size = shape.reduce((a, b) => a * b, 1);
    const data = new Float32Array(size);
    if (name.endsWith("bias")) data.fill(0);
    else if (/norm/.test(name)) data.fill(1);
    else {
      const deviation = standardDeviation(name, shape, config);
      for (let i = 0; i < size; i++) data[i] = rng.normal() * deviation;
    }
    weights.set(name, { shape, data });
  }
  return weights;
}

function standardDeviation(name: string, shape: readonly number[], config: SmolVlmConfig): number {
  if (name.includes("embed_tokens")) return 0.5;
  if (name.includes("position_embedding")) return 0.2;
  const fanIn = shape.slice(1).reduce((a, b) => a * b, 1);
  const depth = name.includes("text_model") ? config.text.numHiddenLayers : config.vision.numHiddenLayers;
  const residual = /(o_proj|down_proj|out_proj|fc2)\.weight$/.test(name);
  return Math.sqrt(1 / fanIn) * (residual ? Math.sqrt(1 / (2 * depth)) : 1);
}
