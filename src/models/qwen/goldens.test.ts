// Qwen2.5-VL and Qwen3-VL, tied and untied, against transformers' numbers on the wasm backend.

import { readFile } from "node:fs/promises";
import { setUpWasm } from "@/ops/test/wasmFixture";
import { qwen2_5Vl } from "../qwen2_5_vl/family";
import { qwen3Vl } from "../qwen3_vl/family";
import { describeQwen } from "./test/describeQwen";

setUpWasm();

const fixtures = new URL("../../../fixtures/", import.meta.url);
const read = async (path: string) => new Uint8Array(await readFile(new URL(path, fixtures)));
// Stock wasm products round a row differently by the number of rows.
const common = { cases: ["case-0", "case-1", "case-2"], aloneTolerance: 2e-6, read };

for (const folder of ["qwen2_5_vl-tied", "qwen2_5_vl-untied"]) describeQwen({ family: qwen2_5Vl, folder, ...common });
for (const folder of ["qwen3_vl-tied", "qwen3_vl-untied"]) describeQwen({ family: qwen3Vl, folder, ...common });
