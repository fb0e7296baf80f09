import { useWasm } from "../test/wasmFixture";
import { describeActivations } from "./suite";

useWasm();
describeActivations();
