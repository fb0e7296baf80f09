// Chooses TF.js' backend in the browser: our WebGPU device where there is one, else wasm, and says why.

import plainWasm from "@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm.wasm?url";
import simdWasm from "@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm-simd.wasm?url";
import threadedWasm from "@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm-threaded-simd.wasm?url";
import { ready, setBackend } from "@tensorflow/tfjs-core";
import type { Device } from "@/engine/device";
import { createGpu, type GpuOptions } from "@/gpu/device";
import { NoWebGpuError } from "@/gpu/errors";
import type { BackendKind } from "@/protocol/engine";

/** Starts WebGPU, or wasm when it is asked for or there is no WebGPU; `options` are those of the GPU. */
export async function startDevice(wanted: BackendKind | "auto", options: GpuOptions = {}): Promise<Device> {
  if (wanted === "wasm") return startWasm();
  try {
    const gpu = await createGpu(options);
    const { vendor, architecture, description } = gpu.adapter;
    const adapter = [vendor, architecture, description].filter(Boolean).join(" ") || "unnamed adapter";
    return { gpu, report: { backend: "webgpu", adapter, features: gpu.features } };
  } catch (error) {
    if (!(error instanceof NoWebGpuError) || wanted === "webgpu") throw error;
    return startWasm({ reason: `${error.why.charAt(0).toUpperCase()}${error.why.slice(1)}.`, advice: `${error.todo}.` });
  }
}

async function startWasm(fallback?: { reason: string; advice: string }): Promise<Device> {
  const { setWasmPaths } = await import("@tensorflow/tfjs-backend-wasm");
  setWasmPaths({
    "tfjs-backend-wasm.wasm": plainWasm,
    "tfjs-backend-wasm-simd.wasm": simdWasm,
    "tfjs-backend-wasm-threaded-simd.wasm": threadedWasm,
  });
  await setBackend("wasm");
  await ready();
  return { report: { backend: "wasm", adapter: "WebAssembly on the CPU", features: [], ...(fallback && { fallback }) } };
}
