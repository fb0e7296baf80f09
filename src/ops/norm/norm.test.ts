import { useWasm } from "../test/wasmFixture";
import { describeNorm } from "./suite";

useWasm();
describeNorm();
