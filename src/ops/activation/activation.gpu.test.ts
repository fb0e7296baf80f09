import { setUpGpu } from "../test/gpuFixture";
import { describeActivations } from "./describeActivations";

setUpGpu({ floor: true });
describeActivations();
