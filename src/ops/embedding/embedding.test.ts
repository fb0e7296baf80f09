import { useWasm } from "../test/wasmFixture";
import { describeEmbedding } from "./suite";

useWasm();
describeEmbedding();
