import { setUpWasm } from "../test/wasmFixture";
import { describeActivations } from "./describeActivations";

setUpWasm();
describeActivations();
