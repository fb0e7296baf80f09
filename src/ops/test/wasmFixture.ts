// Makes TF.js' wasm backend current for a Node test file, as a machine without WebGPU would have it. Test code only.

import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import { setBackend } from "@tensorflow/tfjs-core";
import { beforeAll } from "vitest";

/** Call at top level. */
export function setUpWasm(): void {
  beforeAll(async () => {
    const entry = createRequire(import.meta.url).resolve("@tensorflow/tfjs-backend-wasm/package.json");
    setWasmPaths(`${join(dirname(entry), "wasm-out")}/`);
    if (!(await setBackend("wasm"))) throw new Error("the wasm backend does not start");
  });
}
