import "fake-indexeddb/auto";
import { openDB } from "idb";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { OwnStudy } from "@/study/ownStudy";
import type { StudyResult } from "@/study/results";
import { KeptDatabaseError } from "../keptDatabase";
import { StudyStorage } from "./studyStorage";

let number = 0;
const freshName = () => `studies-${number++}`;
const outcome = { family: "count", right: 4, answers: 8, parseable: 8, tokens: 90 };

const result = (arm: string, seed: number): StudyResult => ({
  plan: "shapes",
  arm,
  seed,
  steps: [{ "reward/accuracy": 0.5 }],
  after: [outcome],
  masked: [outcome],
  seconds: 10,
});

const study = (id: string, createdAt: number, results: StudyResult[] = []): OwnStudy => ({
  id,
  createdAt,
  choice: { plan: "shapes", arms: ["vppo", "dapo"], seeds: [1, 2], steps: 4, prompts: 8, problems: 1, rollouts: 8 },
  device: "wasm, a processor, int8",
  isImported: false,
  results,
});

afterEach(() => vi.unstubAllGlobals());

describe("StudyStorage", () => {
  it("gives back every study with its finished runs, the newest first, also to the next page", async () => {
    const name = freshName();
    const storage = new StudyStorage(name);
    await storage.put(study("a", 1));
    await storage.put(study("b", 2, [result("base", 0)]));
    await storage.add(study("a", 1), result("vppo", 1));
    await storage.add(study("a", 1), result("dapo", 1));
    await storage.close();
    const { studies, damaged } = await new StudyStorage(name).list();
    expect(damaged).toBe(0);
    expect(studies.map(({ id }) => id)).toEqual(["b", "a"]);
    expect(studies[0]).toEqual(study("b", 2, [result("base", 0)]));
    expect(new Set(studies[1]?.results.map(({ arm }) => arm))).toEqual(new Set(["vppo", "dapo"]));
  });

  it("forgets a study with its results, and no other's", async () => {
    const storage = new StudyStorage(freshName());
    await storage.put(study("a", 1, [result("vppo", 1)]));
    await storage.put(study("ab", 2, [result("vppo", 1)]));
    await storage.remove("a");
    await storage.put(study("a", 1));
    const { studies } = await storage.list();
    expect(studies.map(({ id, results }) => [id, results.length])).toEqual([
      ["ab", 1],
      ["a", 0],
    ]);
  });

  it("leaves out what is damaged and counts it", async () => {
    const name = freshName();
    const storage = new StudyStorage(name);
    await storage.put(study("a", 1, [result("vppo", 1)]));
    const raw = await openDB(name);
    await raw.put("results", '{"plan": 3}', ["a", "dapo", 1]);
    await raw.put("studies", { id: "b", createdAt: "yesterday" }, "b");
    raw.close();
    const { studies, damaged } = await storage.list();
    expect(damaged).toBe(2);
    expect(studies).toEqual([study("a", 1, [result("vppo", 1)])]);
  });

  it("says why nothing is kept", async () => {
    vi.stubGlobal("indexedDB", undefined);
    const failure = new StudyStorage(freshName()).put(study("a", 1));
    await expect(failure).rejects.toThrow(KeptDatabaseError);
    await expect(failure).rejects.toThrow("Save results as files");
  });
});
