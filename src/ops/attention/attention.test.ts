import { useWasm } from "../test/wasmFixture";
import { describeAttention } from "./suite";

useWasm();
describeAttention();
