// Adapters of one to three projections together, against float64 loops and against the products of ops/linear.

import { dispose, memory, type Tensor, type Tensor2D, tensor, tidy } from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import { linear } from "../linear/linear";
import { f32Matrix } from "../matrix";
import { differingBits, maxDifference, maxMagnitude, read, seededTensor, seededValues, setUpGpu } from "../test/gpuFixture";
import { addBases, LoraGroup, swigluGradientInPlace } from "./loraGroup";

setUpGpu({ floor: true });

/** left·right with left [m, k] and right [k, n], either one read as its transpose. */
function product(
  left: { readonly values: Float32Array; readonly isTransposed?: boolean },
  right: { readonly values: Float32Array; readonly isTransposed?: boolean },
  [m, k, n]: readonly [number, number, number],
): Float64Array {
  const out = new Float64Array(m * n);
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let sum = 0;
      for (let l = 0; l < k; l++) {
        const a = left.values[left.isTransposed ? l * m + i : i * k + l]!;
        sum += a * right.values[right.isTransposed ? j * k + l : l * n + j]!;
      }
      out[i * n + j] = sum;
    }
  }
  return out;
}

function expectClose(actual: Float32Array, expected: Float64Array, what: string): void {
  expect(maxMagnitude(expected)).toBeGreaterThan(0);
  expect(maxDifference(actual, expected) / maxMagnitude(expected), what).toBeLessThan(4e-6);
}

const cases = [
  { m: 3, width: 48, projections: [{ rank: 4, outputs: 16 }] },
  {
    m: 300,
    width: 72,
    projections: [
      { rank: 8, outputs: 96 },
      { rank: 8, outputs: 40 },
    ],
  },
  {
    m: 41,
    width: 320,
    projections: [
      { rank: 12, outputs: 48 },
      { rank: 4, outputs: 304 },
      { rank: 40, outputs: 16 },
    ],
  },
] as const;

describe.each(cases)("adapters on [$m, $width]: $projections", ({ m, width, projections }) => {
  const x = () => seededValues(m * width, 1);
  const pairs = () =>
    projections.map(({ rank, outputs }, i) => ({
      a: seededTensor<Tensor2D>([rank, width], 10 + i),
      b: seededTensor<Tensor2D>([outputs, rank], 20 + i),
      scaling: 0.5 + i,
    }));
  const perProjection = (seed: number) => projections.map(({ outputs }, i) => seededTensor<Tensor2D>([m, outputs], seed + i));

  it("add to the results of their projections what single products add, to the bit", async () => {
    const before = memory().numTensors;
    const rows = tensor(x(), [m, width]);
    const own = pairs();
    const outs = perProjection(30);
    const expected = own.map(({ a, b, scaling }, i) =>
      tidy(() => linear(linear(rows, f32Matrix(a)), f32Matrix(b), { residual: outs[i]!, scale: scaling })),
    );
    tidy(() => new LoraGroup(rows, own).addTo(outs));
    for (const [i, out] of outs.entries()) expect(differingBits(await read(out), await read(expected[i]!))).toBe(0);
    dispose([rows, ...outs, ...expected, ...own.flatMap(({ a, b }) => [a, b])]);
    expect(memory().numTensors).toBe(before);
  });

  it("have the gradients of the loops, replaced or added to, and the same for the same rows", async () => {
    const rows = tensor(x(), [m, width]);
    const own = pairs();
    const dys = perProjection(40);
    const zeros = (like: Tensor) => tensor(new Float32Array(like.size).fill(7), like.shape);
    const targets = own.map(({ a, b }, i) => ({
      a: { tensor: zeros(a), accumulate: i === 0 },
      b: { tensor: zeros(b), accumulate: i === 1 },
    }));
    const dx = seededTensor([m, width], 50);
    const more = projections.slice(1).map((_, i) => seededTensor([m, width], 51 + i));
    const expectedDx = Float64Array.from(await read(dx));
    for (const base of more)
      (await read(base)).forEach((value, i) => {
        expectedDx[i]! += value;
      });
    tidy(() => {
      const group = new LoraGroup(rows, own);
      group.takeCotangents(dys);
      group.gradients(dys, targets);
      group.addInputGradient(dx, more);
    });
    for (const [i, { rank, outputs }] of projections.entries()) {
      const { scaling } = own[i]!;
      const [a, b, dy] = await Promise.all([own[i]!.a, own[i]!.b, dys[i]!].map(read));
      const u = Float32Array.from(product({ values: x() }, { values: a!, isTransposed: true }, [m, width, rank]));
      const du = Float32Array.from(product({ values: dy! }, { values: b! }, [m, outputs, rank]), (value) => value * scaling);
      const offset = (of: boolean) => (of ? 7 : 0);
      const dB = product({ values: dy!, isTransposed: true }, { values: u }, [outputs, m, rank]);
      const dA = product({ values: du, isTransposed: true }, { values: x() }, [rank, m, width]);
      expectClose(
        await read(targets[i]!.b.tensor),
        dB.map((value) => value * scaling + offset(i === 1)),
        `B ${i}`,
      );
      expectClose(
        await read(targets[i]!.a.tensor),
        dA.map((value) => value + offset(i === 0)),
        `A ${i}`,
      );
      product({ values: du }, { values: a! }, [m, rank, width]).forEach((value, j) => {
        expectedDx[j]! += value;
      });
    }
    expectClose(await read(dx), expectedDx, "dx");
  });

  it("give a row the same bits whatever the other rows are", async () => {
    const own = pairs();
    const run = async (rows: Tensor, dys: readonly Tensor[]) => {
      const dx = tensor(new Float32Array(rows.size), rows.shape);
      tidy(() => {
        const group = new LoraGroup(rows, own);
        group.takeCotangents(dys);
        group.addInputGradient(dx, []);
      });
      return read(dx);
    };
    const dys = perProjection(40);
    const together = await run(tensor(x(), [m, width]), dys);
    const last = (values: Float32Array, size: number) => tensor(values.slice(-size), [1, size]);
    const alone = await run(
      last(x(), width),
      await Promise.all(dys.map(async (dy) => last(await read(dy), dy.shape[1] as number))),
    );
    expect(differingBits(alone, together.slice(-width))).toBe(0);
  });
});

describe("the gradient of silu(gate)·up in place", () => {
  const [m, width, rank, outputs] = [5, 40, 8, 24];
  it.each([true, false])("is that of the loops, with an adapter behind it: %s", async (isAdapted) => {
    const [base, gate, up] = [1, 2, 3].map((seed) => seededTensor([m, width], seed)) as [Tensor, Tensor, Tensor];
    const [g, u] = [await read(gate), await read(up)];
    const dact = Float64Array.from(await read(base));
    const pair = { a: seededTensor<Tensor2D>([rank, width], 4), b: seededTensor<Tensor2D>([outputs, rank], 5), scaling: 2 };
    const dy = seededTensor([m, outputs], 6);
    if (isAdapted) {
      const [a, b, slopes] = await Promise.all([pair.a, pair.b, dy].map(read));
      const du = Float32Array.from(product({ values: slopes! }, { values: b! }, [m, outputs, rank]), (value) => value * 2);
      product({ values: du }, { values: a! }, [m, rank, width]).forEach((value, i) => {
        dact[i]! += value;
      });
      tidy(() => {
        const group = new LoraGroup(seededTensor([m, width], 7), [pair]);
        group.takeCotangents([dy]);
        group.swigluGradient(base, gate, up);
      });
    } else swigluGradientInPlace(base, gate, up);
    const sigma = (z: number) => 1 / (1 + Math.exp(-z));
    const dgate = dact.map((d, i) => d * u[i]! * sigma(g[i]!) * (1 + g[i]! * (1 - sigma(g[i]!))));
    expectClose(await read(gate), dgate, "gate");
    expectClose(
      await read(up),
      dact.map((d, i) => d * g[i]! * sigma(g[i]!)),
      "up",
    );
  });
});

it("bases without adapters are added in order", async () => {
  const tensors = [1, 2, 3].map((seed) => seededTensor([7, 12], seed)) as [Tensor, Tensor, Tensor];
  const values = await Promise.all(tensors.map(read));
  addBases(tensors[0], tensors.slice(1));
  const expected = values[0]!.map((value, i) => Math.fround(Math.fround(value + values[1]![i]!) + values[2]![i]!));
  expect(differingBits(await read(tensors[0]), expected)).toBe(0);
});

it("more than three adapters, or such of another width, are refused", () => {
  const pair = { a: seededTensor<Tensor2D>([4, 12], 1), b: seededTensor<Tensor2D>([8, 4], 2), scaling: 1 };
  const rows = seededTensor([2, 12], 3);
  expect(() => new LoraGroup(rows, [pair, pair, pair, pair])).toThrow(/4 adapters do not fit/);
  expect(() => new LoraGroup(seededTensor([2, 16], 3), [pair])).toThrow(/do not fit/);
});
