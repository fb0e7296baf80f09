// The only place that creates compute pipelines (explicit layouts, cached), bind groups and passes for our own kernels.
// It encodes into TF.js' command encoder, so our dispatches and stock operations keep their order, and it can record what
// it encodes (`capture.ts`) so that a pass is replayed without any of this work. It knows nothing of shapes or models.

import type { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import { backend, type TensorInfo } from "@tensorflow/tfjs-core";
import type { Capture } from "./capture";
import { type Counters, noWork, watchBackend } from "./counters";
import { GpuError } from "./errors";
import { KernelTimer } from "./kernelTimer";
import type { BufferPool, Purpose } from "./memory";
import { UniformBlocks, type UniformPlace } from "./uniformBlocks";

/** How a kernel uses a storage buffer; the uniform block, if any, always comes last. */
export type Access = "read" | "write";

/** A compute kernel: one entry point of one WGSL module. Bindings are @group(0) @binding(0..n-1), then the uniform block. */
export interface Kernel {
  /** Unique name, used as label and cache key. */
  readonly name: string;
  /** WGSL source (imported with `?raw`). */
  readonly code: string;
  readonly entryPoint: string;
  /** One entry per storage binding, in order: inputs first or not, as the shader declares them. */
  readonly bindings: readonly Access[];
  /** True when the module declares a uniform block `params` at the last binding. */
  readonly uniform?: boolean;
  /** Values of `override` constants. */
  readonly constants?: Readonly<Record<string, number>>;
}

/** A field of the uniform block: a plain number is written as u32; use `f32(x)` or `i32(x)` for the other types. */
export type Param = number | { readonly f32: number } | { readonly i32: number };

export const f32 = (value: number): Param => ({ f32: value });
export const i32 = (value: number): Param => ({ i32: value });

export interface Dispatch {
  readonly kernel: Kernel;
  /** One tensor per storage binding, in binding order. Written ones are modified in place. */
  readonly buffers: readonly TensorInfo[];
  readonly params?: readonly Param[];
  /** Workgroups in x, y, z; each at most 65 535 (see `spread`). */
  readonly workgroups: readonly [number, number?, number?];
}

/** A dispatch that needs nothing but encoding. */
export interface RecordedDispatch {
  readonly pipeline: GPUComputePipeline;
  readonly bindGroup: GPUBindGroup;
  readonly grid: readonly [number, number, number];
}

interface BackendInternals {
  bufferManager: BufferPool;
  commandEncoder: GPUCommandEncoder | null;
  computePassEncoder: GPUComputePassEncoder | null;
  dispatchCountInPass: number;
  submitQueue: () => void;
  tensorMap: { get(dataId: object): { resource?: GPUBuffer; external?: boolean; values?: unknown } };
}

/** Dispatches encoded before TF.js' encoder is submitted; fewer submits cost less JavaScript, but delay the GPU's start. */
const dispatchesPerSubmit = 256;
/** Bytes of outputs between submits: large ones are much work, and what stock operations have read is only free after a submit. */
const bytesPerSubmit = 64 * 1024 * 1024;

/** Spreads `count` workgroups over x and y so that neither passes WebGPU's limit; the shader uses `wid.x + wid.y * grid.x`. */
export function spread(count: number): readonly [number, number] {
  const limit = 65535;
  if (count <= limit) return [Math.max(1, count), 1];
  const y = Math.ceil(count / limit);
  return [Math.ceil(count / y), y];
}

/** Creates pipelines, bind groups and passes for one TF.js WebGPU backend. */
export class Dispatcher {
  readonly counters: Counters = noWork();
  /** Off until someone looks. */
  readonly timer: KernelTimer;
  /** Set while a pass is being recorded; outputs then come from the capture's own buffers. */
  capture: Capture | null = null;
  /** Recorded passes that can be replayed. */
  recordings = 0;
  readonly #pipelines = new Map<string, GPUComputePipeline>();
  readonly #layouts = new Map<string, GPUBindGroupLayout>();
  readonly #modules = new Map<string, GPUShaderModule>();
  readonly #uniforms: UniformBlocks;
  readonly #staging: GPUBuffer[] = [];
  #bytesSinceSubmit = 0;

  constructor(readonly backend: WebGPUBackend) {
    this.timer = new KernelTimer(backend.device);
    this.pool.beforeDestroy = () => this.flush();
    watchBackend(backend, this.counters, this.timer);
    this.#uniforms = new UniformBlocks(backend.device, this.counters);
    const internals = this.#internals;
    const { submitQueue } = internals;
    internals.submitQueue = () => {
      this.#uniforms.write();
      submitQueue.call(backend);
    };
  }

  get device(): GPUDevice {
    return this.backend.device;
  }

  get #internals(): BackendInternals {
    return this.backend as unknown as BackendInternals;
  }

  /** Allocates an uninitialised tensor for a kernel to write. */
  output(shape: number[], dtype: "float32" | "int32" = "float32"): TensorInfo {
    const bytes = Math.max(4, shape.reduce((a, b) => a * b, 1) * 4);
    if (!this.capture) this.#flushAbove(bytes);
    const info = this.backend.makeTensorInfo(shape, dtype);
    if (this.capture) {
      const data = this.#internals.tensorMap.get(info.dataId);
      data.resource = this.capture.allocate(bytes);
      data.external = true;
    } else this.backend.uploadToGPU(info.dataId);
    return info;
  }

  #flushAbove(bytes: number): void {
    this.#bytesSinceSubmit += bytes;
    if (this.#bytesSinceSubmit > bytesPerSubmit && this.#internals.commandEncoder) this.flush();
  }

  /** The GPU buffer behind a tensor, uploading it first when it is still on the CPU. */
  bufferOf(tensor: TensorInfo): GPUBuffer {
    this.backend.uploadToGPU(tensor.dataId);
    const { resource } = this.#internals.tensorMap.get(tensor.dataId);
    if (!resource) throw new GpuError("A GPU operation could not run", "a tensor has no buffer", "Reload the page");
    return resource;
  }

  /** Encodes one dispatch after everything encoded before it. */
  run({ kernel, buffers, params = [], workgroups }: Dispatch): void {
    if (buffers.length !== kernel.bindings.length)
      throw new Error(`${kernel.name}: ${buffers.length} buffers for ${kernel.bindings.length} bindings`);
    const pipeline = this.#pipeline(kernel);
    const entries: GPUBindGroupEntry[] = buffers.map((tensor, binding) => ({
      binding,
      resource: { buffer: this.bufferOf(tensor) },
    }));
    if (kernel.uniform) entries.push({ binding: buffers.length, resource: this.#uniform(params) });
    const bindGroup = this.device.createBindGroup({ label: kernel.name, layout: this.#layout(kernel), entries });
    this.counters.bindGroups++;
    const grid = [workgroups[0], workgroups[1] ?? 1, workgroups[2] ?? 1] as const;
    // Stock operations keep the buffers of tensors that are disposed of until the next submit. Ours go back to the pool at once:
    // who takes one next comes later in the same order, and before one is destroyed, what is encoded is submitted.
    buffers.forEach((tensor, index) => {
      // TF.js keeps what `data()` once read; a kernel that writes the buffer makes that copy stale.
      if (kernel.bindings[index] === "write") this.#internals.tensorMap.get(tensor.dataId).values = null;
    });
    this.capture?.record({ pipeline, bindGroup, grid });
    this.encode(pipeline, bindGroup, grid);
    if (this.#internals.dispatchCountInPass >= dispatchesPerSubmit && !this.capture) this.flush();
  }

  /** Encodes a ready dispatch into TF.js' current pass. */
  encode(pipeline: GPUComputePipeline, bindGroup: GPUBindGroup, grid: readonly [number, number, number]): void {
    const internals = this.#internals;
    this.backend.ensureCommandEncoderReady();
    const { timer } = this;
    if (timer.isOn && internals.commandEncoder) {
      this.backend.endComputePassEncoder();
      internals.computePassEncoder = timer.open(internals.commandEncoder, pipeline.label);
    }
    internals.computePassEncoder ??= internals.commandEncoder?.beginComputePass({ label: "vppo" }) ?? null;
    const pass = internals.computePassEncoder;
    if (!pass) throw new GpuError("A GPU operation could not run", "no command encoder", "Reload the page");
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, bindGroup);
    pass.dispatchWorkgroups(grid[0], grid[1], grid[2]);
    if (timer.isOn) this.backend.endComputePassEncoder();
    internals.dispatchCountInPass++;
    this.counters.dispatches++;
  }

  /** Encodes what was recorded: a step is hundreds of dispatches, and what is the same for all is done once. */
  encodeAll(recorded: readonly RecordedDispatch[]): void {
    // The first opens the pass; while kernels are timed, each has one of its own.
    for (const { pipeline, bindGroup, grid } of this.timer.isOn ? recorded : recorded.slice(0, 1))
      this.encode(pipeline, bindGroup, grid);
    if (this.timer.isOn) return;
    const internals = this.#internals;
    const pass = internals.computePassEncoder;
    if (!pass) return;
    for (let i = 1; i < recorded.length; i++) {
      const { pipeline, bindGroup, grid } = recorded[i] as RecordedDispatch;
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, bindGroup);
      pass.dispatchWorkgroups(grid[0], grid[1], grid[2]);
    }
    const more = Math.max(0, recorded.length - 1);
    internals.dispatchCountInPass += more;
    this.counters.dispatches += more;
  }

  /** The work so far, with the buffers that the pool had made. */
  work(): Counters {
    return { ...this.counters, buffers: this.counters.buffers + this.pool.buffersMade };
  }

  /** Says what tensors are there for, as far as they are on the device. */
  assign(tensors: readonly TensorInfo[], purpose: Purpose): void {
    for (const { dataId } of tensors) {
      const { resource } = this.#internals.tensorMap.get(dataId);
      if (resource) this.pool.assign(resource, purpose);
    }
  }

  /** Submits everything encoded so far, stock operations included. */
  flush(): void {
    if (!this.#internals.commandEncoder) return;
    this.backend.endComputePassEncoder();
    this.backend.submitQueue();
    this.#bytesSinceSubmit = 0;
  }

  /** The pool behind every tensor of this backend. */
  get pool(): BufferPool {
    return this.#internals.bufferManager;
  }

  /** Submits what is encoded and gives idle buffers back to the device: between phases whose shapes have nothing in common. */
  trim(): void {
    this.flush();
    this.pool.trim();
  }

  /** Fills a tensor with zeros, after everything encoded before. */
  clear(tensor: TensorInfo): void {
    const buffer = this.bufferOf(tensor);
    this.backend.ensureCommandEncoderReady();
    this.backend.endComputePassEncoder();
    this.#internals.commandEncoder?.clearBuffer(buffer);
  }

  /** Copies a tensor into a plain buffer, in order with everything else. */
  copyToBuffer(from: TensorInfo, to: GPUBuffer, bytes: number, toOffset: number, fromOffset = 0): void {
    const source = this.bufferOf(from);
    this.backend.ensureCommandEncoderReady();
    this.backend.endComputePassEncoder();
    this.#internals.commandEncoder?.copyBufferToBuffer(source, fromOffset, to, toOffset, bytes);
  }

  /** A buffer to map for reading, reused between readbacks. */
  staging(bytes: number): GPUBuffer {
    const at = this.#staging.findIndex((buffer) => buffer.size >= bytes);
    const found = at >= 0 ? this.#staging.splice(at, 1)[0] : undefined;
    const usage = GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ;
    if (!found) this.counters.buffers++;
    return found ?? this.device.createBuffer({ label: "readback", size: Math.ceil(bytes / 4096) * 4096, usage });
  }

  /** Gives a staging buffer back; at most four are kept. */
  releaseStaging(buffer: GPUBuffer): void {
    this.#staging.push(buffer);
    this.#staging.sort((a, b) => a.size - b.size);
    if (this.#staging.length > 4) this.#staging.shift()?.destroy();
  }

  /** Overwrites a tensor's buffer, or part of it, from the CPU, after all work encoded before (queue writes would overtake it). */
  upload(tensor: TensorInfo, values: Float32Array | Int32Array | Uint8Array, byteOffset = 0): void {
    const buffer = this.bufferOf(tensor);
    if (this.#internals.commandEncoder) this.flush();
    this.counters.uploads++;
    this.counters.uploadBytes += values.byteLength;
    this.device.queue.writeBuffer(buffer, byteOffset, values.buffer, values.byteOffset, values.byteLength);
  }

  /** Compiles kernels ahead of use without blocking, for instance while weights arrive. */
  async warmUp(kernels: readonly Kernel[]): Promise<void> {
    await Promise.all(
      kernels.map(async (kernel) => {
        const key = pipelineKey(kernel);
        if (this.#pipelines.has(key)) return;
        const pipeline = await this.device.createComputePipelineAsync(this.#descriptor(kernel));
        this.#pipelines.set(key, pipeline);
        this.counters.pipelines++;
      }),
    );
  }

  dispose(): void {
    this.#uniforms.destroy();
  }

  #pipeline(kernel: Kernel): GPUComputePipeline {
    const key = pipelineKey(kernel);
    let pipeline = this.#pipelines.get(key);
    if (!pipeline) {
      pipeline = this.device.createComputePipeline(this.#descriptor(kernel));
      this.#pipelines.set(key, pipeline);
      this.counters.pipelines++;
    }
    return pipeline;
  }

  #descriptor(kernel: Kernel): GPUComputePipelineDescriptor {
    let module = this.#modules.get(kernel.code);
    if (!module) {
      module = this.device.createShaderModule({ label: kernel.name, code: kernel.code });
      this.#modules.set(kernel.code, module);
    }
    const constants = kernel.constants ? { constants: { ...kernel.constants } } : {};
    return {
      label: kernel.name,
      layout: this.device.createPipelineLayout({ bindGroupLayouts: [this.#layout(kernel)] }),
      compute: { module, entryPoint: kernel.entryPoint, ...constants },
    };
  }

  #layout(kernel: Kernel): GPUBindGroupLayout {
    const key = `${kernel.bindings.join()}|${kernel.uniform ?? false}`;
    let layout = this.#layouts.get(key);
    if (!layout) {
      const entries: GPUBindGroupLayoutEntry[] = kernel.bindings.map((access, binding) => ({
        binding,
        visibility: GPUShaderStage.COMPUTE,
        buffer: { type: access === "read" ? "read-only-storage" : "storage" },
      }));
      if (kernel.uniform)
        entries.push({ binding: kernel.bindings.length, visibility: GPUShaderStage.COMPUTE, buffer: { type: "uniform" } });
      layout = this.device.createBindGroupLayout({ label: key, entries });
      this.#layouts.set(key, layout);
    }
    return layout;
  }

  /** Uniform blocks are shared by content, so steady-state work uploads none. */
  #uniform(params: readonly Param[]): UniformPlace {
    const isAnyRecorded = this.recordings > 0;
    if (!this.capture && this.#uniforms.isFull(isAnyRecorded)) {
      this.flush();
      this.#uniforms.forget(isAnyRecorded);
    }
    return this.#uniforms.placeOf(packParams(params), this.capture !== null);
  }
}

function pipelineKey(kernel: Kernel): string {
  return `${kernel.name}|${kernel.entryPoint}|${kernel.constants ? JSON.stringify(kernel.constants) : ""}`;
}

function packParams(params: readonly Param[]): DataView<ArrayBuffer> {
  const view = new DataView(new ArrayBuffer(Math.max(16, Math.ceil(params.length / 4) * 16)));
  params.forEach((param, index) => {
    if (typeof param === "number") view.setUint32(index * 4, param, true);
    else if ("f32" in param) view.setFloat32(index * 4, param.f32, true);
    else view.setInt32(index * 4, param.i32, true);
  });
  return view;
}

const dispatchers = new WeakMap<WebGPUBackend, Dispatcher>();

/** The dispatcher of a TF.js WebGPU backend (one per backend). */
export function dispatcherOf(backend: unknown): Dispatcher {
  const webgpu = backend as WebGPUBackend;
  let dispatcher = dispatchers.get(webgpu);
  if (!dispatcher) {
    dispatcher = new Dispatcher(webgpu);
    dispatchers.set(webgpu, dispatcher);
  }
  return dispatcher;
}

/** The dispatcher of the current backend, which must be WebGPU's. */
export const currentGpu = (): Dispatcher => dispatcherOf(backend());
