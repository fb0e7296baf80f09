import { describe, expect, it } from "vitest";
import { SeriesBuffer } from "@/client/seriesBuffer";
import { readExperimentConfig, readExperimentLog } from "@/formats/experimentLog";
import { trainDefaults } from "@/protocol/training";
import { importedText, logFilesOf } from "./logFiles";

function run() {
  const series = new SeriesBuffer();
  series.append(1, { "actor/pg_loss": -0.5, "actor/grad_norm": Number.POSITIVE_INFINITY, step: 1 });
  series.append(2, { "actor/pg_loss": 0.25 });
  return series;
}

describe("logFilesOf", () => {
  it("writes what the reader of the same format gets back", async () => {
    const [log, config] = logFilesOf(run(), "VPPO 1", trainDefaults);
    expect(readExperimentLog((await log?.blob.text()) ?? "").steps).toEqual([
      { step: 1, metrics: { "actor/pg_loss": -0.5, "actor/grad_norm": Number.POSITIVE_INFINITY } },
      { step: 2, metrics: { "actor/pg_loss": 0.25 } },
    ]);
    expect(readExperimentConfig((await config?.blob.text()) ?? "")).toMatchObject({
      "trainer.experiment_name": "VPPO 1",
      "algorithm.top_p_perception_tokens": 0.4,
      "worker.actor.clip_ratio_high": 0.28,
      "worker.rollout.n": 8,
    });
  });

  it("writes no configuration that nobody knows", () => {
    expect(logFilesOf(run(), "VPPO 1", undefined).map(({ name }) => name)).toEqual(["experiment_log.jsonl"]);
  });
});

describe("importedText", () => {
  it("says how many lines were left out and why", () => {
    const log = readExperimentLog('{"step": 1, "a": 1}\n{"step"\n[]\n{"step": 2, "b": "x"}');
    expect(importedText("7b_vppo", log)).toBe(
      "2 steps of 7b_vppo imported; 2 lines were left out (line 2: it is not JSON; line 3: it is no JSON object); values that are no numbers were left out: b.",
    );
  });
});
