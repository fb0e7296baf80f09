import { setUpGpu } from "../test/gpuFixture";
import { describeEmbedding } from "./describeEmbedding";

setUpGpu({ floor: true });
describeEmbedding();
