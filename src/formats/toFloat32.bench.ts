// 4 Mi values as they lie in a checkpoint: the conversion every weight passes on its way to the GPU.
import { bench, describe } from "vitest";
import { toFloat32 } from "./toFloat32";

const count = 1 << 22;
const bytes = new Uint8Array(count * 2).map((_, i) => (i % 2 === 0 ? i * 31 : 0x3c ^ (i & 0x80)));

describe(`${count} values`, () => {
  bench("BF16", () => void toFloat32(bytes, "BF16"));
  bench("F16", () => void toFloat32(bytes, "F16"));
});
