import { setUpGpu } from "../test/gpuFixture";
import { describeActivations } from "./describeActivations";

setUpGpu();
describeActivations();
