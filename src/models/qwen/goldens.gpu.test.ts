// One case of each Qwen family against transformers' numbers on WebGPU.

import { setUpGpu } from "@/ops/test/gpuFixture";
import { qwen2_5Vl } from "../qwen2_5_vl/family";
import { qwen3Vl } from "../qwen3_vl/family";
import { describeQwen } from "./test/describeQwen";

setUpGpu();

const read = async (path: string) => new Uint8Array(await (await fetch(`/fixtures/${path}`)).arrayBuffer());
// Two pictures, of which one is cut into partial windows; our kernels compute a row from nothing but itself and its keys.
const common = { cases: ["case-2"], aloneTolerance: 0, read };

describeQwen({ family: qwen2_5Vl, folder: "qwen2_5_vl-untied", ...common });
describeQwen({ family: qwen3Vl, folder: "qwen3_vl-tied", ...common });
