// Towers stage by stage on WebGPU.

import { httpFolder } from "@/fetching/httpFolder";
import { setUpGpu } from "@/ops/test/gpuFixture";
import { describeVisionChain } from "./test/describeVisionChain";

setUpGpu();
describeVisionChain((name) => httpFolder(new URL(`/fixtures/${name}/`, location.href).href));
