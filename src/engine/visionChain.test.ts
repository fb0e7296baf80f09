// Towers stage by stage on wasm.

import { setUpWasm } from "@/ops/test/wasmFixture";
import { describeVisionChain } from "./test/describeVisionChain";
import { fixtureFolder } from "./test/fixtureFolder";

setUpWasm();
describeVisionChain(fixtureFolder);
