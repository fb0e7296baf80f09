// TF.js backends in Node: wasm on one core, or WebGPU through Dawn (npm `webgpu`) where there is a GPU.

import { createRequire } from "node:module";
import { dirname } from "node:path";
import { ready, setBackend } from "@tensorflow/tfjs-core";
import { createGpu, type Gpu } from "@/gpu/device";

export type NodeBackend = "wasm" | "webgpu";

/** Makes a backend current; resolves to the GPU when there is one. */
export async function startNodeBackend(backend: NodeBackend): Promise<Gpu | undefined> {
  if (backend === "webgpu") {
    const { create, globals } = await import("webgpu");
    Object.assign(globalThis, globals);
    const gpu = create([]) as unknown as GPU;
    Object.defineProperty(globalThis.navigator ?? Object.assign(globalThis, { navigator: {} }).navigator, "gpu", {
      value: gpu,
      configurable: true,
    });
    return createGpu({ gpu });
  }
  const wasm = await import("@tensorflow/tfjs-backend-wasm");
  const require = createRequire(import.meta.url);
  wasm.setWasmPaths(`${dirname(require.resolve("@tensorflow/tfjs-backend-wasm/package.json"))}/wasm-out/`);
  await setBackend("wasm");
  await ready();
  return undefined;
}
