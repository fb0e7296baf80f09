// Adapters of up to three projections that read the same rows (q, k, v; gate, up; one alone), forward and backward with a dispatch
// for all of them: what takes three products per projection on a tape, and additions between. WebGPU only, in place where a
// tensor has done its duty, and never on a tape: engine/training/update/decoderGradient calls it, other backends differentiate
// nn/linear instead. PEFT: out += scaling·(x·Aᵀ)·Bᵀ.

import type { Tensor } from "@tensorflow/tfjs-core";
import { asTensor } from "@/gpu/deviceTensor";
import { currentGpu, type Dispatcher, f32, type Param, spread } from "@/gpu/dispatcher";
import { addKernel, cotangentKernel, gradientsKernel, inputGradientKernel, projectKernel, swigluGradientKernel } from "./kernels";
import type { Lora } from "./lora";

/** A tensor that receives a gradient, and whether it holds an earlier one to add to. */
export interface GradientTarget {
  readonly tensor: Tensor;
  readonly accumulate: boolean;
}

/** Quads of numbers that a workgroup of elementwise kernels takes. */
const quadsPerGroup = 64;
const rowsPerGroup = 8;
const groupLimit = 3;

/** One to three adapters on the same rows, with u = x·Aᵀ of all of them; the caller's tidy frees it. */
export class LoraGroup {
  readonly #gpu: Dispatcher;
  readonly #rows: number;
  readonly #ranks: readonly number[];
  /** [2, M, R]: u, then du. */
  readonly #products: Tensor;

  /** @throws when there are more than three adapters, or shapes do not fit the rows [M, in]. */
  constructor(
    private readonly x: Tensor,
    private readonly pairs: readonly Lora[],
  ) {
    const [m, width] = x.shape as [number, number];
    const bad = pairs.some(({ a, b }) => a.shape[1] !== width || b.shape[1] !== a.shape[0] || (a.shape[0] as number) % 4 !== 0);
    if (pairs.length < 1 || pairs.length > groupLimit || bad)
      throw new Error(`LoraGroup: ${pairs.length} adapters do not fit rows [${x.shape.join(", ")}]`);
    this.#gpu = currentGpu();
    this.#rows = m;
    this.#ranks = pairs.map(({ a }) => a.shape[0] as number);
    this.#products = asTensor(this.#gpu.output([2, m, this.#totalRank]));
    this.#gpu.run({
      kernel: projectKernel,
      buffers: [x, ...this.#three("a"), this.#products],
      params: this.#params(width),
      workgroups: this.#blockGrid(),
    });
  }

  /** out += scaling·u·Bᵀ for every adapter's out [M, N], in place. */
  addTo(outs: readonly Tensor[]): void {
    const quads = Math.max(...outs.map(({ size }) => size)) / 4;
    this.#gpu.run({
      kernel: addKernel(outs.length),
      buffers: [this.#products, ...this.#three("b"), ...outs],
      params: this.#params(0),
      workgroups: [...spread(Math.ceil(quads / quadsPerGroup)), outs.length],
    });
  }

  /** du = scaling·dy·B from every adapter's cotangent [M, N]; the gradients need it first. */
  takeCotangents(dys: readonly Tensor[]): void {
    const [first] = dys as [Tensor];
    this.#gpu.run({
      kernel: cotangentKernel,
      buffers: [first, dys[1] ?? first, dys[2] ?? first, ...this.#three("b"), this.#products],
      params: this.#params(0),
      workgroups: this.#blockGrid(),
    });
  }

  /** Gradients of every adapter, from the cotangents that `takeCotangents` has got; targets in the order of the adapters. */
  gradients(dys: readonly Tensor[], targets: readonly { readonly a: GradientTarget; readonly b: GradientTarget }[]): void {
    const [rows, total] = [this.#rows, this.#totalRank];
    let before = 0;
    const jobs = this.pairs.map(({ scaling }, i) => {
      const rank = this.#ranks[i] as number;
      const { a, b } = targets[i] as { a: GradientTarget; b: GradientTarget };
      const ofA = { y: this.x, rank, first: (rows * total + before) / 4, scale: 1, isTransposed: 1, target: a };
      const ofB = { y: dys[i] as Tensor, rank, first: before / 4, scale: scaling, isTransposed: 0, target: b };
      before += rank;
      return { ofA, ofB };
    });
    // Three pairs of results do not fit the smallest limit of storage buffers.
    const [ofA, ofB] = [jobs.map((job) => job.ofA), jobs.map((job) => job.ofB)];
    for (const part of jobs.length < groupLimit ? [[...ofB, ...ofA]] : [ofB, ofA]) this.#runJobs(part);
  }

  /** dx += the other bases + Σ du·A, in place: dx and the bases are the frozen weights' shares, [M, in]. */
  addInputGradient(dx: Tensor, otherBases: readonly Tensor[]): void {
    addInputGradients(this.#gpu, dx, otherBases, {
      products: this.#products,
      a: this.#three("a"),
      params: this.#params(dx.shape[1] as number, 1 + otherBases.length),
    });
  }

  /** Gate and up [M, in] become their gradients, where x = silu(gate)·up and `base` is the frozen weight's share of dx. */
  swigluGradient(base: Tensor, gate: Tensor, up: Tensor): void {
    const [a] = this.#three("a") as [Tensor];
    swigluGradients(this.#gpu, base, gate, up, { products: this.#products, a, params: this.#params(gate.shape[1] as number) });
  }

  get #totalRank(): number {
    return this.#ranks.reduce((sum, rank) => sum + rank, 0);
  }

  /** A or B of three projections; those that are missing are stood in for. */
  #three(name: "a" | "b"): Tensor[] {
    const first = this.pairs[0] as Lora;
    return Array.from({ length: groupLimit }, (_, i) => (this.pairs[i] ?? first)[name]);
  }

  #blockGrid(): [number, number, number] {
    const blocks = this.#ranks.reduce((sum, rank) => sum + Math.ceil(rank / 8), 0);
    return [...spread(Math.ceil(this.#rows / rowsPerGroup)), blocks] as [number, number, number];
  }

  #params(width: number, bases = 1): Param[] {
    const four = (value: (pair: Lora) => number) =>
      Array.from({ length: 4 }, (_, i) => {
        const pair = this.pairs[i];
        return pair ? value(pair) : 0;
      });
    return [
      this.#rows,
      width,
      this.#totalRank,
      bases,
      ...four(({ a }) => a.shape[0] as number),
      ...four(({ b }) => b.shape[0] as number),
      ...four(({ scaling }) => scaling).map(f32),
    ];
  }

  #runJobs(jobs: readonly Job[]): void {
    const sources = [...new Set(jobs.map(({ y }) => y))];
    const [first] = sources as [Tensor];
    const perJob = jobs.flatMap(({ y, rank, first: at, scale, isTransposed, target }) => [
      y.shape[1] as number,
      sources.indexOf(y),
      rank,
      at,
      f32(scale),
      isTransposed,
      target.accumulate ? 1 : 0,
      0,
    ]);
    const widest = Math.max(...jobs.map(({ y }) => y.shape[1] as number));
    const unused = Array.from({ length: 8 * (4 - jobs.length) }, () => 0);
    this.#gpu.run({
      kernel: gradientsKernel(jobs.length),
      buffers: [first, sources[1] ?? first, sources[2] ?? first, this.#products, ...jobs.map(({ target }) => target.tensor)],
      params: [this.#rows, this.#totalRank / 4, 0, 0, ...perJob, ...unused],
      workgroups: [Math.ceil(widest / 32), Math.ceil(Math.max(...this.#ranks) / 8), jobs.length],
    });
  }
}

/** Σ over rows of a wide matrix times a thin one. */
interface Job {
  readonly y: Tensor;
  readonly rank: number;
  readonly first: number;
  readonly scale: number;
  readonly isTransposed: number;
  readonly target: GradientTarget;
}

/** dx += the other bases, in place, where no projection has an adapter. */
export function addBases(dx: Tensor, otherBases: readonly Tensor[]): void {
  const [products] = otherBases;
  if (!products) return;
  const [m, width] = dx.shape as [number, number];
  const params = [m, width, 0, 1 + otherBases.length, ...Array.from({ length: 12 }, () => 0)];
  addInputGradients(currentGpu(), dx, otherBases, { products, a: [products, products, products], params });
}

/** `LoraGroup.swigluGradient` for a projection without an adapter. */
export function swigluGradientInPlace(base: Tensor, gate: Tensor, up: Tensor): void {
  const [m, width] = gate.shape as [number, number];
  const params = [m, width, 0, 1, ...Array.from({ length: 12 }, () => 0)];
  swigluGradients(currentGpu(), base, gate, up, { products: base, a: base, params });
}

function addInputGradients(
  gpu: Dispatcher,
  dx: Tensor,
  otherBases: readonly Tensor[],
  { products, a, params }: { readonly products: Tensor; readonly a: readonly Tensor[]; readonly params: readonly Param[] },
): void {
  gpu.run({
    kernel: inputGradientKernel,
    buffers: [products, ...a, otherBases[0] ?? products, otherBases[1] ?? products, dx],
    params,
    workgroups: spread(Math.ceil(dx.size / 4 / quadsPerGroup)),
  });
}

function swigluGradients(
  gpu: Dispatcher,
  base: Tensor,
  gate: Tensor,
  up: Tensor,
  { products, a, params }: { readonly products: Tensor; readonly a: Tensor; readonly params: readonly Param[] },
): void {
  gpu.run({
    kernel: swigluGradientKernel,
    buffers: [products, a, base, gate, up],
    params,
    workgroups: spread(Math.ceil(gate.size / 4 / quadsPerGroup)),
  });
}
