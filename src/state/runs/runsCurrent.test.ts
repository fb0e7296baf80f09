import { describe, expect, it } from "vitest";
import type { RunInfo } from "@/protocol/runs";
import { trainDefaults } from "@/protocol/training";
import { forkName, interruptedText, isModelOf, isTrainedHere, nextName, runModelOf, withTurnedKnobs } from "./runsCurrent";

const run = (name: string, rest: Partial<RunInfo> = {}): RunInfo => ({
  id: name,
  name,
  note: "",
  createdAt: 0,
  updatedAt: 0,
  status: "paused",
  origin: "trained",
  settings: [],
  lastStep: 0,
  ...rest,
});
const report = {
  name: "shapes-vlm",
  family: "SmolVLM",
  parameters: 1_600_000,
  sizeBytes: 1,
  precision: { text: "int8", vision: "int8", head: "int8", groupSize: 32 },
  contextTokens: 512,
  vocabularySize: 100,
} as const;

describe("withTurnedKnobs", () => {
  const own = { ...trainDefaults, learningRate: 0.5, policy: { ...trainDefaults.policy, keepRatio: 0.2, betaMin: 0.5 } };

  it("leaves a run's settings alone while no knob is turned, whatever the knobs are", () => {
    expect(withTurnedKnobs(own, trainDefaults, trainDefaults)).toEqual(own);
  });

  it("takes what was turned, inside a group too, and nothing beside it", () => {
    const after = { ...trainDefaults, promptsPerStep: 3, policy: { ...trainDefaults.policy, keepRatio: 0.7 } };
    expect(withTurnedKnobs(own, trainDefaults, after)).toEqual({
      ...own,
      promptsPerStep: 3,
      policy: { ...own.policy, keepRatio: 0.7 },
    });
  });

  it("takes away what was switched off, and lists as a whole", () => {
    const before = { ...trainDefaults, difficulty: 2, pixels: { maxPixels: 100 } };
    const after = { ...trainDefaults, loraTargets: ["text", "vision"] as const };
    const turned = withTurnedKnobs({ ...own, difficulty: 2, pixels: { maxPixels: 5 } }, before, after);
    expect(turned).toEqual({ ...own, loraTargets: ["text", "vision"] });
    expect("difficulty" in turned || "pixels" in turned).toBe(false);
  });
});

describe("names", () => {
  it("count on above the highest number of the method, and other names do not matter", () => {
    const runs = ["VPPO 2", "VPPO 9 from step 3", "GRPO 7", "my VPPO", "VPPO x"].map((name) => run(name));
    expect(nextName("VPPO", runs)).toBe("VPPO 3");
    expect(nextName("DAPO", runs)).toBe("DAPO 1");
    expect(forkName("VPPO 2", 40)).toBe("VPPO 2 from step 40");
  });

  it("tell where an interrupted run stands", () => {
    expect(interruptedText(run("VPPO 2", { lastStep: 7, targetStep: 12 }))).toBe("VPPO 2 was interrupted after step 7 of 12.");
    expect(interruptedText(run("VPPO 2"))).toBe("VPPO 2 was interrupted in its first step.");
  });
});

describe("a run's model", () => {
  it("is known again by name, family, size and number formats", () => {
    const source = { kind: "hub", repo: "a/b", revision: "main", token: "secret" } as const;
    const model = runModelOf(report, source);
    expect(model.source).toEqual({ kind: "hub", repo: "a/b", revision: "main" });
    expect(isModelOf(report, run("x", { model }))).toBe(true);
    expect(isModelOf({ ...report, precision: { ...report.precision, text: "f32" } }, run("x", { model }))).toBe(false);
    expect(isModelOf(report, run("a log"))).toBe(false);
  });

  it("has no source when its files were the user's", () => {
    expect(runModelOf(report, { kind: "files", name: "folder", files: [] }).source).toBeUndefined();
  });

  it("tells a trained adapter from a loaded one", () => {
    expect(isTrainedHere(undefined)).toBe(true);
    expect(isTrainedHere("trained, step 3")).toBe(true);
    expect(isTrainedHere("adapter_config.json + adapter_model.safetensors")).toBe(false);
  });
});
