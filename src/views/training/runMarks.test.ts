import { describe, expect, it } from "vitest";
import { SeriesBuffer } from "@/client/seriesBuffer";
import { trainDefaults } from "@/protocol/training";
import { marksOf } from "./runMarks";

describe("marksOf", () => {
  it("marks steps without a gradient, updates that were left out, and knobs that were turned", () => {
    const series = new SeriesBuffer();
    series.append(1, { "critic/advantages/max": 1, "critic/advantages/min": -1, "vppo/skipped": 0 });
    series.append(2, { "critic/advantages/max": 0, "critic/advantages/min": 0, "vppo/skipped": 0 });
    series.append(3, { "critic/advantages/max": 1, "critic/advantages/min": -1, "vppo/skipped": 2 });
    const changed = { ...trainDefaults, policy: { ...trainDefaults.policy, keepRatio: 0.25 } };
    const settings = [
      { fromStep: 1, settings: trainDefaults },
      { fromStep: 3, settings: changed },
    ];
    const run = { id: "a", name: "VPPO 1", series, colour: 4, dashed: false, settings };
    expect(marksOf(run)).toEqual([
      {
        step: 2,
        kind: "flat",
        colour: 4,
        text: "VPPO 1, step 2: no gradient, because all rewards of each group were equal.",
      },
      {
        step: 3,
        kind: "skipped",
        colour: 4,
        text: "VPPO 1, step 3: 2 updates were left out, because loss or gradient was not finite.",
      },
      { step: 3, kind: "settings", colour: 4, text: "VPPO 1, step 3: Keep k 0.4 → 0.25." },
    ]);
  });

  it("marks nothing in a log that has none of these numbers", () => {
    const series = new SeriesBuffer();
    series.append(1, { "reward/overall": 0.5 });
    expect(marksOf({ id: "a", name: "log", series, colour: 0, dashed: false })).toEqual([]);
  });
});
