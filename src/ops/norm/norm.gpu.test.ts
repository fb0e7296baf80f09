import { setUpGpu } from "../test/gpuFixture";
import { describeNorm } from "./describeNorm";

setUpGpu({ floor: true });
describeNorm();
