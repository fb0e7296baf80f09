import { beforeEach, describe, expect, it } from "vitest";
import { OneJob, sayOnce, tellDamaged, withStored } from "./keptJob";
import { useStore } from "./store";

beforeEach(() => useStore.setState(useStore.getInitialState()));
const messages = () => useStore.getState().messages.map(({ text }) => text);

describe("jobs with kept results", () => {
  it("run one at a time, and are over also when they fail", async () => {
    const job = new OneJob();
    const ended: string[] = [];
    let end: () => void = () => undefined;
    const begin = (name: string, work: () => Promise<void>) => job.begin(work, () => ended.push(name));
    const first = begin("first", () => new Promise((resolve) => (end = resolve)));
    expect(begin("second", async () => undefined)).toBe(first);
    expect(job.running).toBe(first);
    end();
    await first;
    expect([job.running, ended]).toEqual([null, ["first"]]);
    await expect(begin("third", () => Promise.reject(new Error("no")))).rejects.toThrow("no");
    expect([job.running, ended]).toEqual([null, ["first", "third"]]);
  });

  it("say once that results are not kept", () => {
    const say = sayOnce();
    say({ name: "KeptDatabaseError", message: "The disk is full." });
    say({ name: "KeptDatabaseError", message: "The disk is still full." });
    expect(messages()).toEqual(["The disk is full."]);
  });

  it("show what was stored behind what began while it was read, the newest first", () => {
    const stored = [
      { id: "a", createdAt: 3, from: "stored" },
      { id: "b", createdAt: 1, from: "stored" },
    ];
    expect(withStored(null, stored)).toEqual(stored);
    expect(withStored([{ id: "c", createdAt: 2, from: "page" }], stored).map(({ id }) => id)).toEqual(["a", "c", "b"]);
    expect(withStored([{ id: "a", createdAt: 3, from: "page" }], stored)[0]?.from).toBe("page");
  });

  it.each([
    [0, []],
    [1, ["One stored thing cannot be read: the data is damaged. The others are shown."]],
    [4, ["4 stored things cannot be read: the data is damaged. The others are shown."]],
  ])("tell of %i damaged entries", (count, sentences) => {
    tellDamaged(count, { one: "stored thing", many: "stored things" });
    expect(messages()).toEqual(sentences);
  });
});
