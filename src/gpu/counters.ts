// Counts of the work that goes to the device, TensorFlow.js' own operations included: cheap integers that are always on. Who wants
// the cost of a job reads them before and after (engine/jobMeter.ts). Counting changes neither what is computed nor its order.

import type { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import type { KernelTimer } from "./kernelTimer";

/** Work so far; benches, tests and the System panel read differences. */
export interface Counters {
  dispatches: number;
  submits: number;
  /** Compute passes that ended. */
  passes: number;
  /** Readbacks: each waits for the device once. */
  maps: number;
  mapBytes: number;
  /** Writes from the processor: tensors, weights and uniform blocks. */
  uploads: number;
  uploadBytes: number;
  bindGroups: number;
  /** Buffers that the device made; those taken from the pool are not new. */
  buffers: number;
  pipelines: number;
  uniformUploads: number;
}

/** Counters at zero. */
export function noWork(): Counters {
  return {
    dispatches: 0,
    submits: 0,
    passes: 0,
    maps: 0,
    mapBytes: 0,
    uploads: 0,
    uploadBytes: 0,
    bindGroups: 0,
    buffers: 0,
    pipelines: 0,
    uniformUploads: 0,
  };
}

/** The methods of TensorFlow.js' backend through which all of its own work goes, and the state that they read. */
interface StockBackend {
  commandEncoder: GPUCommandEncoder | null;
  computePassEncoder: GPUComputePassEncoder | null;
  readonly tensorMap: { get(dataId: object): { readonly resource?: object; readonly values?: ArrayLike<unknown> | null } };
  submitQueue(): void;
  ensureCommandEncoderReady(): void;
  endComputePassEncoder(): void;
  recordAndSubmit(program: { readonly shaderKey: string }, ...rest: unknown[]): void;
  getBufferData(buffer: GPUBuffer): Promise<ArrayBuffer>;
  uploadToGPU(dataId: object): void;
  makeUniforms(data: unknown): { readonly size: number };
}

/** Counts what the backend does from now on, and lets the timer see its operations and submits. */
export function watchBackend(backend: WebGPUBackend, counters: Counters, timer: KernelTimer): void {
  const stock = backend as unknown as StockBackend;
  const { submitQueue, endComputePassEncoder, recordAndSubmit, getBufferData, uploadToGPU, makeUniforms } = stock;
  stock.submitQueue = () => {
    counters.submits++;
    if (stock.commandEncoder) timer.resolve(stock.commandEncoder);
    submitQueue.call(stock);
    timer.collect();
  };
  stock.endComputePassEncoder = () => {
    if (stock.computePassEncoder) counters.passes++;
    endComputePassEncoder.call(stock);
  };
  stock.recordAndSubmit = (program, ...rest) => {
    counters.dispatches++;
    counters.bindGroups++;
    if (timer.isOn) {
      stock.ensureCommandEncoderReady();
      stock.endComputePassEncoder();
      stock.computePassEncoder = stock.commandEncoder && timer.open(stock.commandEncoder, stockName(program.shaderKey));
    }
    recordAndSubmit.call(stock, program, ...rest);
    if (timer.isOn) stock.endComputePassEncoder();
  };
  stock.getBufferData = (buffer) => {
    counters.maps++;
    counters.mapBytes += buffer.size;
    return getBufferData.call(stock, buffer);
  };
  stock.uploadToGPU = (dataId) => {
    const { resource, values } = stock.tensorMap.get(dataId);
    if (!resource && values) {
      counters.uploads++;
      counters.uploadBytes += values.length * 4;
    }
    uploadToGPU.call(stock, dataId);
  };
  stock.makeUniforms = (data) => {
    const made = makeUniforms.call(stock, data);
    counters.uploads++;
    counters.uploadBytes += made.size;
    return made;
  };
}

/** "binary_add_1" is the family "binary"; class names do not survive a build. */
function stockName(shaderKey: string): string {
  return `tfjs ${shaderKey.split(/[_;]/, 1)[0] ?? ""}`;
}
