import { engine, type Tensor, tensor2d } from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import { linear } from "@/ops/linear/linear";
import { f32Matrix } from "@/ops/matrix";
import { setUpWasm } from "@/ops/test/wasmFixture";
import { inRowChunks } from "./rowChunks";

setUpWasm();

describe("inRowChunks", () => {
  const values = (count: number, seed: number) => Float32Array.from({ length: count }, (_, i) => Math.sin(seed + i * 1.7));
  const x = () => tensor2d(values(7 * 8, 1), [7, 8]);
  const weight = () => f32Matrix(tensor2d(values(4 * 8, 2), [4, 8]));

  it("gives the rows and gradients of one pass, whatever the slices", async () => {
    const [input, w, dy] = [x(), weight(), tensor2d(values(7 * 4, 3), [7, 4])];
    const run = (limitBytes: number) => {
      const widths: number[] = [];
      const { value, grads } = engine().gradients(
        () =>
          inRowChunks(
            input,
            4,
            (rows) => {
              widths.push(rows.shape[0] as number);
              return linear(rows, w);
            },
            limitBytes,
          ),
        [input, w.parts[0]?.data as Tensor],
        dy as never,
      );
      return { value, grads, widths };
    };
    const whole = run(1024);
    const cut = run(3 * 4 * 4);
    expect(whole.widths).toEqual([7]);
    expect(cut.widths).toEqual([3, 3, 1]);
    expect(await cut.value.data()).toEqual(await whole.value.data());
    expect(await cut.grads[0]?.data()).toEqual(await whole.grads[0]?.data());
    const [got, expected] = [await cut.grads[1]?.data(), await whole.grads[1]?.data()];
    expect(Math.max(...Array.from(got ?? [], (value, i) => Math.abs(value - (expected?.[i] as number))))).toBeLessThan(1e-5);
  });
});
