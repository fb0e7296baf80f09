import { describe, expect, it } from "vitest";
import { PromptError } from "@/models/promptError";
import { qwenInput } from "./input";
import { qwenPositions } from "./positions";
import { type GoldenCase, goldenFolders } from "./test/goldenFolder";

const axisOf = (positions: Int32Array, axis: number) => [...positions].filter((_, i) => i % 3 === axis);

describe.each(goldenFolders)("qwenPositions of $name", ({ config, json, picture, cases }) => {
  const input = qwenInput(config);

  it.each(cases)("gives Python's position_ids and rope_delta of %s", async (entry) => {
    const info = json(`golden/${entry}/case.json`) as GoldenCase;
    const pictures = await Promise.all(info.images.map((file) => picture(`golden/${entry}/${file}`)));
    const ids = Int32Array.from(info.input_ids);
    const { positions, axes, next } = input.positions(
      ids,
      pictures.map((image) => input.process(image)),
    );
    expect(axes).toBe(3);
    expect([0, 1, 2].map((axis) => axisOf(positions, axis))).toEqual(info.position_ids);
    expect(next - ids.length).toBe(info.rope_delta);
  });

  it("goes on after the longer side of the golden update's picture", async () => {
    const info = json("golden/vppo/vppo.json") as { prompt_ids: number[] };
    const ids = Int32Array.from(info.prompt_ids);
    const image = input.process(await picture("golden/vppo/image.png"));
    const { positions, next } = input.positions(ids, [image]);
    const first = ids.indexOf(config.imageTokenId);
    const [rows, columns] = [image.rows / 2, image.columns / 2];
    const after = first + rows * columns;
    expect([...positions.subarray(first * 3, first * 3 + 3)]).toEqual([first, first, first]);
    expect([...positions.subarray((after - 1) * 3, after * 3)]).toEqual([first, first + rows - 1, first + columns - 1]);
    expect([...positions.subarray(after * 3, after * 3 + 3)]).toEqual(Array(3).fill(first + Math.max(rows, columns)));
    expect(next).toBe(ids.length - rows * columns + Math.max(rows, columns));
  });
});

describe("qwenPositions", () => {
  const { config } = goldenFolders[0]!;
  const image = config.imageTokenId;
  const wide = { rows: 2, columns: 6 };

  it("counts text up on all axes", () => {
    expect(qwenPositions(Int32Array.of(5, 6), [], config)).toEqual({
      positions: Int32Array.of(0, 0, 0, 1, 1, 1),
      axes: 3,
      next: 2,
    });
  });

  it("keeps two pictures apart that no text separates, and takes image tokens beyond them as text", () => {
    const { positions, next } = qwenPositions(new Int32Array(8).fill(image), [wide, wide], config);
    expect(axisOf(positions, 0)).toEqual([0, 0, 0, 3, 3, 3, 6, 7]);
    expect(axisOf(positions, 1)).toEqual([0, 0, 0, 3, 3, 3, 6, 7]);
    expect(axisOf(positions, 2)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(next).toBe(8);
  });

  it("refuses pictures whose tokens are missing or not together", () => {
    expect(() => qwenPositions(Int32Array.of(image, image, 3, image), [wide], config)).toThrow(PromptError);
    expect(() => qwenPositions(Int32Array.of(image, image), [wide], config)).toThrow(/picture 1 has fewer places/);
    expect(() => qwenPositions(Int32Array.of(1, 2, 3), [wide], config)).toThrow(/places for 0 and there are 1/);
  });
});
