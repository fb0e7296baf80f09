import { describe, expect, it } from "vitest";
import { RunBusyError } from "./runErrors";
import { trainingRuns, withRunLock } from "./runLock";

describe("withRunLock", () => {
  it("lets one tab train a run, says so to the other, and is free afterwards", async () => {
    const { locks } = navigator;
    await withRunLock(locks, "a", async () => {
      expect([...(await trainingRuns(locks))]).toEqual(["a"]);
      await expect(withRunLock(locks, "a", async () => 1)).rejects.toBeInstanceOf(RunBusyError);
      expect(await withRunLock(locks, "b", async () => 2)).toBe(2);
    });
    expect((await trainingRuns(locks)).size).toBe(0);
    expect(await withRunLock(locks, "a", async () => 3)).toBe(3);
  });

  it("does the job where a browser has no locks", async () => {
    expect(await withRunLock(undefined, "a", async () => 4)).toBe(4);
    expect((await trainingRuns(undefined)).size).toBe(0);
  });
});
