import { setUpWasm } from "../test/wasmFixture";
import { describeAttention } from "./describeAttention";

setUpWasm();
describeAttention();
