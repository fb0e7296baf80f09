// Draws the next token of each rollout from its logits: temperature, top-k, top-p (as vLLM), inverse CDF in index order at a
// counter-based random number, so a draw depends only on (seed, stream, counter) and the row's logits. Not differentiable.

import { type Tensor, type TensorInfo, tensor } from "@tensorflow/tfjs-core";
import { f32, type Kernel, spread } from "@/gpu/dispatcher";
import { defineOp } from "../defineOp";
import { type SamplingRules, sampleRows } from "./reference";
import code from "./sample.wgsl?raw";

const kernel: Kernel = {
  name: "sample",
  code,
  entryPoint: "main",
  bindings: ["read", "read", "write"],
  uniform: true,
};

const sampleOp = defineOp<SamplingRules & Record<string, unknown>>({
  name: "SampleTokens",
  webgpu: (inputs, { temperature, topK, topP }, gpu) => {
    const { logits, state } = inputs as Record<"logits" | "state", TensorInfo>;
    const columns = logits.shape[1] as number;
    const batch = state.shape[0] as number;
    const ids = gpu.output([batch], "int32");
    const workgroups = spread(batch);
    const params = [batch, columns, topK, workgroups[0], f32(topP), f32(temperature)];
    gpu.run({ kernel, buffers: [logits, state, ids], params, workgroups });
    return ids;
  },
  reference: ({ logits, state }, rules) => {
    const columns = (logits as Tensor).shape[1] as number;
    const ids = sampleRows((logits as Tensor).dataSync<"float32">(), columns, (state as Tensor).dataSync<"int32">(), rules);
    return tensor(ids, [ids.length], "int32");
  },
});

/**
 * Next token of the first B rows: logits [≥ B, V], int32 state [B, 4] (seed, stream, counter, running) → int32 [B]; −1 where
 * not running. Further rows (masked twins) are not looked at.
 * @throws when shapes or rules do not fit.
 */
export function sample(logits: Tensor, state: Tensor, rules: Partial<SamplingRules> = {}): Tensor {
  const { temperature = 1, topK = 0, topP = 1 } = rules;
  const [batch, columns] = logits.shape;
  if (
    logits.rank !== 2 ||
    !columns ||
    state.rank !== 2 ||
    state.size > (batch ?? 0) * 4 ||
    state.shape[1] !== 4 ||
    state.dtype !== "int32"
  )
    throw new Error(`sample: an ${state.dtype} state of ${state.size} for logits [${logits.shape.join(", ")}]`);
  if (!Number.isInteger(topK) || topK < 0) throw new Error(`sample: topK ${topK} is not a whole number from 0`);
  if (!(topP > 0 && topP <= 1)) throw new Error(`sample: topP ${topP} is not in (0, 1]`);
  if (!Number.isFinite(temperature)) throw new Error(`sample: temperature ${temperature} is not a number`);
  return sampleOp({ logits, state }, { temperature, topK, topP })[0] as Tensor;
}
