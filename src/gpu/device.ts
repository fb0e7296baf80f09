// Makes the WebGPU device (the adapter's real limits, `shader-f16` and `subgroups` where present), hands it to TF.js as
// backend "webgpu", sets the guards that keep its numbers right, and turns device faults into typed errors. One per worker.

import { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import { env, findBackendFactory, registerBackend, removeBackend, setBackend } from "@tensorflow/tfjs-core";
import { isSoftwareAdapter } from "@/lib/softwareAdapter";
import { type Dispatcher, dispatcherOf } from "./dispatcher";
import { DeviceLostError, GpuError, NoWebGpuError } from "./errors";
import { BufferPool } from "./memory";

/** Limits we ask for when the adapter has more than WebGPU's defaults. */
const wantedLimits = [
  "maxBufferSize",
  "maxStorageBufferBindingSize",
  "maxComputeWorkgroupStorageSize",
  "maxComputeInvocationsPerWorkgroup",
  "maxComputeWorkgroupSizeX",
  "maxComputeWorkgroupsPerDimension",
  "maxStorageBuffersPerShaderStage",
] as const;
const wantedFeatures = ["shader-f16", "subgroups", "timestamp-query"] as const satisfies readonly GPUFeatureName[];

/** A ready GPU. */
export interface Gpu {
  readonly device: GPUDevice;
  readonly backend: WebGPUBackend;
  readonly dispatcher: Dispatcher;
  readonly pool: BufferPool;
  readonly adapter: { readonly vendor: string; readonly architecture: string; readonly description: string };
  readonly features: readonly string[];
  /** A CPU that stands in for a GPU: right, but its times are none of a GPU's. */
  readonly isSoftware: boolean;
  /** Throws the first fault the device reported since the last call; silent zeros are never accepted. */
  assertHealthy(): void;
  /** Settles with the reason when the device is gone. */
  readonly lost: Promise<DeviceLostError>;
}

export interface GpuOptions {
  /** The page's or worker's `navigator.gpu`, or Dawn's in Node. */
  readonly gpu?: GPU | undefined;
  /** Ask only for WebGPU's default limits and no features: the weakest device we support. */
  readonly floor?: boolean;
}

/**
 * Creates the device and makes it TF.js' current backend.
 * @throws NoWebGpuError when there is no WebGPU or no adapter.
 */
export async function createGpu({ gpu = globalThis.navigator?.gpu, floor = false }: GpuOptions = {}): Promise<Gpu> {
  if (!gpu) {
    const why =
      globalThis.isSecureContext === false ? "this page was not loaded over https or localhost" : "this browser has no WebGPU";
    throw new NoWebGpuError(
      "The GPU cannot be used",
      why,
      "Use a current Chrome, Edge, Firefox or Safari and open the page over https or localhost",
    );
  }
  const adapter = await gpu.requestAdapter({ powerPreference: "high-performance" });
  if (!adapter) {
    throw new NoWebGpuError(
      "The GPU cannot be used",
      "the browser offers no WebGPU adapter",
      "Switch on hardware acceleration, or chrome://flags/#enable-unsafe-webgpu on Linux",
    );
  }
  const requiredLimits: Record<string, number> = {};
  if (!floor) for (const name of wantedLimits) requiredLimits[name] = adapter.limits[name];
  const requiredFeatures = floor ? [] : wantedFeatures.filter((name) => adapter.features.has(name));
  const device = await adapter.requestDevice({ label: "vppo", requiredLimits, requiredFeatures });

  const faults: GpuError[] = [];
  device.addEventListener("uncapturederror", (event) => {
    const { error } = event as GPUUncapturedErrorEvent;
    const outOfMemory = typeof GPUOutOfMemoryError !== "undefined" && error instanceof GPUOutOfMemoryError;
    faults.push(
      outOfMemory
        ? new GpuError("The GPU ran out of memory", error.message, "Use fewer rollouts, a shorter answer or a smaller model")
        : new GpuError("A GPU operation failed", error.message, "Reload the page; if it happens again, report it with this text"),
    );
  });
  const lost = device.lost.then(
    (info) =>
      new DeviceLostError(
        "The GPU device was lost",
        info.message || info.reason,
        "Press Reload device; your text, adapter and runs are kept",
      ),
  );
  lost.then((error) => faults.push(error)).catch(() => undefined);

  // Small tensors would otherwise be computed in JavaScript, with other rounding than the GPU's.
  env().set("WEBGPU_CPU_FORWARD", false);
  env().set("WEBGPU_DEFERRED_SUBMIT_BATCH_SIZE", 256);
  const backend = new WebGPUBackend(device, adapter.info);
  // Stock split-K matMul is wrong for transposeB and adds with float atomics; a threshold of 0 never selects it.
  backend.thresholdToIncreaseWorkgroups = 0;
  const pool = new BufferPool(device);
  (backend as { bufferManager: unknown }).bufferManager = pool;
  // The package registers its own only where there was WebGPU when it was imported, which in Node there never is.
  if (findBackendFactory("webgpu")) removeBackend("webgpu");
  registerBackend("webgpu", () => backend, 3);
  await setBackend("webgpu");

  const { vendor, architecture, description, isFallbackAdapter } = adapter.info;
  return {
    device,
    backend,
    pool,
    dispatcher: dispatcherOf(backend),
    adapter: { vendor, architecture, description },
    features: [...device.features],
    isSoftware: isFallbackAdapter || isSoftwareAdapter(`${architecture} ${description}`),
    lost,
    assertHealthy() {
      const fault = faults.shift();
      if (fault) throw fault;
    },
  };
}
