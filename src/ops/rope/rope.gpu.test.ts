import { setUpGpu } from "../test/gpuFixture";
import { describeRope } from "./suite";

setUpGpu();
describeRope();
