// A decoder block differentiated by hand for the training of adapters over a frozen base: what `applyDecoderLayer` (nn/decoderLayer)
// computes, once more with what the gradient needs, and the way back. It does what the tape does with about half the
// dispatches, writes the cotangent of the block's input over that of its output, and never computes the block's result again.
// WebGPU only; for anything else that is trained (weights, norms, biases, the tower) engine/layerwise takes the tape.

import { getBackend, keep, reshape, type Tensor, tidy } from "@tensorflow/tfjs-core";
import { asTensor } from "@/gpu/deviceTensor";
import { currentGpu } from "@/gpu/dispatcher";
import { splitHeads } from "@/nn/attention";
import type { DecoderLayer, TextPass } from "@/nn/decoderLayer";
import { decoderProjections } from "@/nn/decoderLayer";
import type { LinearLayer } from "@/nn/linear";
import { swiglu } from "@/ops/activation/activation";
import { attentionWithLse } from "@/ops/attention/attention";
import { attentionGradientOnGpu } from "@/ops/attention/kernels";
import { linear, linearTransposed } from "@/ops/linear/linear";
import { addBases, type GradientTarget, LoraGroup, swigluGradientInPlace } from "@/ops/lora/loraGroup";
import { addRmsNormGradient, type NormedRows, rmsNormGradient, rmsNormRows } from "@/ops/norm/norm";
import { rope, ropeGradient } from "@/ops/rope/rope";

/** Bytes of the widest intermediate: the smallest binding limit, as nn/rowChunks has it; wider blocks are cut, by the tape. */
const widestBytes = 64 * 1024 * 1024;

/** Gradient per trained tensor, keyed by the tensor's id; kept tensors. */
type Gradients = Map<number, Tensor>;

/** Whether this block can be differentiated here: on WebGPU, with nothing trained but whole adapters. */
export function isDifferentiatedByHand(layer: DecoderLayer, trained: readonly Tensor[], rows: number): boolean {
  const own = decoderProjections(layer).flatMap(({ lora }) => (lora ? [lora.a, lora.b] : []));
  return (
    getBackend() === "webgpu" &&
    own.length === trained.length &&
    own.every((tensor) => trained.includes(tensor)) &&
    rows * layer.gate.weight.rows * 4 <= widestBytes
  );
}

/**
 * Adds the gradients of the block's adapters for the cotangent dy [M, D] of its result, and makes dy the cotangent of x [M, D] in
 * place (without `needsInput` it is left half way, and the work is saved).
 */
export function decoderLayerGradient(
  layer: DecoderLayer,
  x: Tensor,
  dy: Tensor,
  pass: TextPass,
  into: Gradients,
  { needsInput }: { readonly needsInput: boolean },
): void {
  tidy(() => {
    const block = new DecoderGradient(layer, pass, into);
    const attended = block.attention(x);
    const after = block.output(attended, x);
    block.mlp(after, dy);
    block.attentionGradient(x, attended, dy, needsInput);
  });
}

/** Projections that read the same rows, with their adapters. */
interface Projected {
  readonly layers: readonly LinearLayer[];
  readonly results: readonly Tensor[];
  readonly adapters: Adapters | undefined;
}

/** The adapters among some projections: `indices` are theirs. */
interface Adapters {
  readonly group: LoraGroup;
  readonly indices: readonly number[];
}

/** Queries and keys before and after their norm (Qwen3). */
interface Turned {
  readonly projected: Tensor;
  readonly normed: NormedRows | undefined;
  readonly turned: Tensor;
}

interface Attended {
  readonly normed: NormedRows;
  readonly projections: Projected;
  readonly q: Turned;
  readonly k: Turned;
  readonly v: Tensor;
  /** [M, H, hd] and [M, H]. */
  readonly output: Tensor;
  readonly lse: Tensor;
  mixed: Projected | undefined;
}

/** The parts of one block, forward and back. */
class DecoderGradient {
  constructor(
    private readonly layer: DecoderLayer,
    private readonly pass: TextPass,
    private readonly into: Gradients,
  ) {}

  /** Everything before the output projection. */
  attention(x: Tensor): Attended {
    const { layer, pass } = this;
    const { heads, inputNorm, epsilon } = layer;
    const normed = rmsNormRows(x, inputNorm, epsilon);
    const projections = project([layer.q, layer.k, layer.v], normed.y);
    const [qRows, kRows, vRows] = projections.results as [Tensor, Tensor, Tensor];
    const q = this.#turn(qRows, heads.query, layer.qNorm);
    const k = this.#turn(kRows, heads.keyValue, layer.kNorm);
    const v = splitHeads(vRows, heads.keyValue, heads.dim);
    const inputs = { q: q.turned, k: k.turned, v, rows: pass.meta.rows };
    const [output, lse] = attentionWithLse(inputs);
    return { normed, projections, q, k, v, output, lse, mixed: undefined };
  }

  /** The rows after attention, [M, D]. */
  output(attended: Attended, x: Tensor): Tensor {
    const rows = reshape(attended.output, [x.shape[0] as number, -1]);
    attended.mixed = project([this.layer.o], rows, x);
    return attended.mixed.results[0] as Tensor;
  }

  /** The MLP, forward up to its last product and back; dy becomes the cotangent of the rows after attention. */
  mlp(after: Tensor, dy: Tensor): void {
    const { layer, into } = this;
    const normed = rmsNormRows(after, layer.postAttentionNorm, layer.epsilon);
    const projections = project([layer.gate, layer.up], normed.y);
    const [gate, up] = projections.results as [Tensor, Tensor];
    const product = swiglu(gate, up);
    const down = adaptersOf([layer.down], product);
    const base = linearTransposed(dy, layer.down.weight);
    if (down) {
      takeGradients(down, [layer.down], [dy], into);
      down.group.swigluGradient(base, gate, up);
    } else swigluGradientInPlace(base, gate, up);
    // By now they are the cotangents of themselves.
    const dNormed = backProject(projections, [gate, up], into);
    addRmsNormGradient(after, layer.postAttentionNorm, normed, dNormed, dy);
  }

  /** From the rows after attention back to x. */
  attentionGradient(x: Tensor, attended: Attended, dy: Tensor, needsInput: boolean): void {
    const { layer, pass, into } = this;
    const { normed, projections, q, k, v, output, lse, mixed } = attended;
    const { keys, rows } = pass.meta;
    if (!keys || !mixed) throw new Error("the gradient of attention needs the keys' side of the meta");
    const dMixed = reshape(backProject(mixed, [dy], into), output.shape);
    const inputs = { q: q.turned, k: k.turned, v, dy: dMixed, output, lse, rows, keys };
    const [dq, dk, dv] = attentionGradientOnGpu(inputs, currentGpu()).map(asTensor) as [Tensor, Tensor, Tensor];
    const cotangents = [
      this.#turnBack(dq, q, layer.qNorm),
      this.#turnBack(dk, k, layer.kNorm),
      reshape(dv, [x.shape[0] as number, -1]),
    ];
    if (!needsInput) {
      const { adapters, layers } = projections;
      if (adapters) takeGradients(adapters, layers, cotangents, into);
      return;
    }
    addRmsNormGradient(x, layer.inputNorm, normed, backProject(projections, cotangents, into), dy);
  }

  #turn(rows: Tensor, count: number, weight: Tensor | undefined): Turned {
    const { heads, epsilon } = this.layer;
    const projected = weight ? reshape(rows, [-1, heads.dim]) : rows;
    const normed = weight && rmsNormRows(projected, weight, epsilon);
    const split = splitHeads(reshape(normed?.y ?? rows, rows.shape), count, heads.dim);
    return { projected, normed, turned: rope(split, this.pass.positions, this.pass.rope) };
  }

  /** The cotangent of the projection's rows [M, heads · hd]. */
  #turnBack(dTurned: Tensor, { projected, normed }: Turned, weight: Tensor | undefined): Tensor {
    const dNormed = ropeGradient(dTurned, this.pass.positions, this.pass.rope);
    const dRows = weight && normed ? rmsNormGradient(projected, weight, normed, reshape(dNormed, projected.shape)) : dNormed;
    return reshape(dRows, [dTurned.shape[0] as number, -1]);
  }
}

/** The adapters of some projections of the same rows, if there are any. */
function adaptersOf(layers: readonly LinearLayer[], x: Tensor): Adapters | undefined {
  const indices = [...layers.keys()].filter((i) => layers[i]?.lora);
  if (indices.length === 0) return undefined;
  const pairs = indices.flatMap((i) => layers[i]?.lora ?? []);
  return { group: new LoraGroup(x, pairs), indices };
}

/** What `applyLinear` computes of every projection; `residual` goes with a single one. */
function project(layers: readonly LinearLayer[], x: Tensor, residual?: Tensor): Projected {
  const adapters = adaptersOf(layers, x);
  const results = layers.map(({ weight, bias }) => linear(x, weight, { bias, residual }));
  adapters?.group.addTo(adapters.indices.map((i) => results[i] as Tensor));
  return { layers, results, adapters };
}

/** The cotangent of the rows that projections read; adds the gradients of their adapters. */
function backProject({ layers, adapters }: Projected, dys: readonly Tensor[], into: Gradients): Tensor {
  if (adapters) takeGradients(adapters, layers, dys, into);
  const [dx, ...others] = layers.map(({ weight }, i) => linearTransposed(dys[i] as Tensor, weight)) as [Tensor, ...Tensor[]];
  if (adapters) adapters.group.addInputGradient(dx, others);
  else addBases(dx, others);
  return dx;
}

function takeGradients(
  { group, indices }: Adapters,
  layers: readonly LinearLayer[],
  dys: readonly Tensor[],
  into: Gradients,
): void {
  const own = indices.map((i) => dys[i] as Tensor);
  group.takeCotangents(own);
  const loras = indices.flatMap((i) => layers[i]?.lora ?? []);
  group.gradients(
    own,
    loras.map(({ a, b }) => ({ a: targetOf(a, into), b: targetOf(b, into) })),
  );
}

/** Where a parameter's gradient goes: on top of the one there is, or into a new tensor. */
function targetOf(parameter: Tensor, into: Gradients): GradientTarget {
  const earlier = into.get(parameter.id);
  if (earlier) return { tensor: earlier, accumulate: true };
  const tensor = keep(asTensor(currentGpu().output(parameter.shape)));
  into.set(parameter.id, tensor);
  return { tensor, accumulate: false };
}
