import { setUpGpu } from "../test/gpuFixture";
import { describeNorm } from "./describeNorm";

setUpGpu();
describeNorm();
