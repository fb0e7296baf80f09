import { setUpWasm } from "../test/wasmFixture";
import { describeRope } from "./describeRope";

setUpWasm();
describeRope();
