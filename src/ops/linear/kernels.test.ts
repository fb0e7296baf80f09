// The rule that decides where an adapter's first product is made; that bits are the same on both sides is shown in nn/fusedDecoder.gpu.test.ts.

import { describe, expect, it } from "vitest";
import { adapterInside, type ProductShape, plainKernel } from "./kernels";

/** The joined products of a block: columns, columns of W, and how many adapters a workgroup needs. */
const smolVlm256M = [
  { columns: 960, width: 576, adapters: 1 },
  { columns: 576, width: 576, adapters: 1 },
  { columns: 3072, width: 576, adapters: 2 },
  { columns: 576, width: 1536, adapters: 1 },
] as const;

const isInside = (rank: number, rows: number, more: Partial<ProductShape> = {}) =>
  smolVlm256M.map(({ columns, width, adapters }) =>
    adapterInside({ format: "int4", rows, columns, width, rank: rank * adapters, ...more }),
  );

describe("an adapter's first product", () => {
  it("is made inside all products of SmolVLM-256M for few rows, up to rank 16", () => {
    for (const rank of [4, 8, 16]) for (const rows of [1, 16]) expect(isInside(rank, rows)).toEqual([true, true, true, true]);
    expect(isInside(32, 1)).toEqual([true, true, false, true]);
  });

  it("is one of its own for many rows, large ranks, and where many workgroups would read a wide A", () => {
    expect(isInside(8, 17)).not.toContain(true);
    expect(isInside(64, 1)).not.toContain(true);
    expect(adapterInside({ format: "int4", rows: 1, columns: 22_016, width: 2048, rank: 16 })).toBe(false);
  });

  it("is made inside beside a rough product as beside an exact one, and nowhere without an adapter", () => {
    expect(isInside(8, 1, { arithmetic: "int8" })).toEqual([true, true, true, true]);
    const [first, second] = [0, 8].map((rank) =>
      plainKernel({ format: "int4", rows: 1, columns: 576, width: 576, rank, arithmetic: "int8" }),
    );
    expect(second?.kernel.constants).toEqual({ ...first?.kernel.constants, ADAPTER: 8 });
    expect(isInside(0, 1)).not.toContain(true);
  });

  it("leaves the kernel without it as it is", () => {
    const shape = { format: "int4", rows: 1, columns: 576, width: 576 } as const;
    const [without, adapted] = [plainKernel(shape).kernel, plainKernel({ ...shape, rank: 8 }).kernel];
    expect(plainKernel({ ...shape, rank: 64 }).kernel).toEqual(without);
    expect(adapted.constants).toEqual({ ...without.constants, ADAPTER: 8 });
    expect(adapted.code).not.toBe(without.code);
  });
});
