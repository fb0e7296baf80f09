import { useWasm } from "../test/wasmFixture";
import { describeRope } from "./suite";

useWasm();
describeRope();
