import { setUpGpu } from "../test/gpuFixture";
import { describeEmbedding } from "./suite";

setUpGpu();
describeEmbedding();
