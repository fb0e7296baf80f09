import { setUpWasm } from "../test/wasmFixture";
import { describeNorm } from "./describeNorm";

setUpWasm();
describeNorm();
