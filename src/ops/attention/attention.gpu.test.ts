import { setUpGpu } from "../test/gpuFixture";
import { describeAttention } from "./suite";

setUpGpu();
describeAttention();
