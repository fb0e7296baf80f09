import { setUpGpu } from "../test/gpuFixture";
import { describeRope } from "./describeRope";

setUpGpu({ floor: true });
describeRope();
