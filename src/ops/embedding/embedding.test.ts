import { setUpWasm } from "../test/wasmFixture";
import { describeEmbedding } from "./describeEmbedding";

setUpWasm();
describeEmbedding();
