// One case of each Qwen family against transformers' numbers on WebGPU.

import { setUpGpu } from "@/ops/test/gpuFixture";
import { qwen2_5Vl } from "../qwen2_5_vl/family";
import { qwen3Vl } from "../qwen3_vl/family";
import { describeQwen } from "./test/describeQwen";

setUpGpu();

const read = async (path: string) => new Uint8Array(await (await fetch(`/fixtures/${path}`)).arrayBuffer());
// Two pictures, of which one is cut into partial windows.
const cases = ["case-2"];

describeQwen({ family: qwen2_5Vl, folder: "qwen2_5_vl-untied", cases, read });
describeQwen({ family: qwen3Vl, folder: "qwen3_vl-tied", cases, read });
