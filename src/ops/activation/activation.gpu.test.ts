import { setUpGpu } from "../test/gpuFixture";
import { describeActivations } from "./suite";

setUpGpu();
describeActivations();
