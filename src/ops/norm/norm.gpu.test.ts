import { setUpGpu } from "../test/gpuFixture";
import { describeNorm } from "./suite";

setUpGpu();
describeNorm();
