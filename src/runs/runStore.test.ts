import { afterEach, describe, expect, it, vi } from "vitest";
import { trainDefaults } from "@/protocol/training";
import { RunBusyError, RunDataError, RunMissingError, StorageFullError } from "./runErrors";
import { commitSteps, emptyStore, openStore, reportOf, stateOf } from "./test/sampleRun";

const start = { name: "VPPO 1", settings: trainDefaults };
const model = {
  name: "shapes-vlm",
  family: "SmolVLM",
  precision: { text: "int8", vision: "int8", head: "int8", groupSize: 32 },
  parameters: 1_600_000,
  source: { kind: "hub", repo: "a/b", revision: "main", token: "secret" },
} as const;

afterEach(() => vi.restoreAllMocks());

describe("RunStore", () => {
  it("gives a step back as it was committed, with its state and the run's new entry", async () => {
    const store = emptyStore();
    const { id } = await store.create({ ...start, targetStep: 3 });
    await commitSteps(store, id, 1, 2);
    expect(await store.get(id)).toMatchObject({ lastStep: 2, status: "running", targetStep: 3, origin: "trained" });
    expect(await store.lastState(id)).toEqual({ step: 2, state: stateOf(2) });
    const rows = await store.metrics(id);
    expect(rows.map(({ step }) => step)).toEqual([1, 2]);
    expect(await store.lastMetrics(id)).toEqual(reportOf(2).metrics);
    expect(await store.reportOf(rows[1]!)).toEqual(reportOf(2));
  });

  it("takes measurements of a stored step later, and none of a step that is not stored", async () => {
    const store = emptyStore();
    const { id } = await store.create(start);
    await commitSteps(store, id, 1, 1);
    await store.addMetrics(id, 1, { "val/accuracy": 0.75 });
    await store.addMetrics(id, 2, { "val/accuracy": 0.9 });
    expect((await store.metrics(id)).map(({ metrics }) => metrics["val/accuracy"])).toEqual([0.75]);
    expect((await store.lastMetrics(id))?.["reward/accuracy"]).toBe(0.01);
  });

  it("has no state for a run without steps, and none for a run that is not there", async () => {
    const store = emptyStore();
    const { id } = await store.create(start);
    expect(await store.lastState(id)).toBeUndefined();
    await expect(store.lastState("gone")).rejects.toBeInstanceOf(RunMissingError);
  });

  it("goes on from what a run began with until it has a step, and lets that go after a few", async () => {
    const store = emptyStore();
    const { id } = await store.create(start);
    await store.begin(id, stateOf(0));
    expect(await store.lastState(id)).toEqual({ step: 0, state: stateOf(0) });
    expect((await store.get(id)).lastStep).toBe(0);
    const fork = await store.fork(id, 0, "VPPO 1, again");
    expect(await store.lastState(fork.id)).toEqual({ step: 0, state: stateOf(0) });
    await commitSteps(store, id, 1, 3);
    expect((await store.checkpoints(id)).map(({ step }) => step)).toEqual([2, 3]);
    await expect(store.begin(id, stateOf(0))).rejects.toBeInstanceOf(RunBusyError);
    await expect(store.begin("gone", stateOf(0))).rejects.toBeInstanceOf(RunMissingError);
  });

  it("keeps what was committed when it is opened again", async () => {
    const first = openStore("reopened");
    const { id } = await first.create(start);
    await commitSteps(first, id, 1, 1);
    await first.close();
    expect(await openStore("reopened").lastState(id)).toEqual({ step: 1, state: stateOf(1) });
  });

  it("stores a step whole or not at all, whichever of its writes fails", async () => {
    const store = emptyStore();
    const { id } = await store.create(start);
    await commitSteps(store, id, 1, 1);
    const put = IDBObjectStore.prototype.put;
    for (let failing = 0; failing < 4; failing++) {
      let writes = 0;
      const spy = vi.spyOn(IDBObjectStore.prototype, "put").mockImplementation(function (this: IDBObjectStore, value: unknown) {
        if (writes++ === failing) throw new DOMException("no room", "QuotaExceededError");
        return put.call(this, value);
      });
      const error = await store.commit(id, { report: reportOf(2), settings: trainDefaults, state: stateOf(2) }).catch((e) => e);
      expect(error, `write ${failing}`).toBeInstanceOf(StorageFullError);
      spy.mockRestore();
      expect(await store.get(id)).toMatchObject({ lastStep: 1 });
      expect((await store.metrics(id)).length).toBe(1);
      expect(await store.rolloutSteps(id)).toEqual([1]);
      expect((await store.checkpoints(id)).map(({ step }) => step)).toEqual([1]);
    }
    await commitSteps(store, id, 2, 2);
    expect((await store.get(id)).lastStep).toBe(2);
  });

  it("says how much room a step needs and how much there is when the storage is full", async () => {
    const store = emptyStore();
    const { id } = await store.create(start);
    vi.spyOn(IDBObjectStore.prototype, "put").mockImplementation(() => {
      throw new DOMException("no room", "QuotaExceededError");
    });
    const state = new Uint8Array(3 * 2 ** 20);
    await expect(store.commit(id, { report: reportOf(1), settings: trainDefaults, state })).rejects.toThrow(
      "Step 1 could not be stored, and nothing of it was: 3 MiB are needed, and 900 MiB of the 1000 MiB that the browser grants are used. " +
        "Delete old checkpoints or runs in Runs, then go on.",
    );
  });

  it("refuses a step that another tab has taken meanwhile", async () => {
    const store = openStore("two tabs");
    const { id } = await store.create(start);
    await commitSteps(openStore("two tabs"), id, 1, 2);
    await expect(commitSteps(store, id, 2, 2)).rejects.toBeInstanceOf(RunBusyError);
    expect(await store.lastState(id)).toEqual({ step: 2, state: stateOf(2) });
  });

  it("is finished with the commit of its last step, not after it", async () => {
    const store = emptyStore();
    const { id } = await store.create({ ...start, targetStep: 2 });
    await commitSteps(store, id, 1, 2);
    expect((await store.get(id)).status).toBe("finished");
  });

  it("keeps the last two states and every fifth, and metrics of every step", async () => {
    const store = emptyStore();
    const { id } = await store.create(start);
    await commitSteps(store, id, 1, 13);
    expect((await store.checkpoints(id)).map(({ step }) => step)).toEqual([5, 10, 12, 13]);
    expect((await store.metrics(id)).length).toBe(13);
  });

  it("thins rollouts when they pass their bound, and counts what is left", async () => {
    const store = emptyStore({ rolloutBytes: 900 });
    const { id } = await store.create(start);
    await commitSteps(store, id, 1, 12);
    const steps = await store.rolloutSteps(id);
    expect(steps.length).toBeGreaterThan(0);
    expect(steps.length).toBeLessThan(7);
    const [first = 0, second = 0] = steps;
    expect(steps.every((step) => step % (second - first) === 0)).toBe(true);
    const [, row] = await store.metrics(id);
    expect((await store.reportOf(row!)).metrics).toEqual(reportOf(2).metrics);
  });

  it("notes the step from which other settings hold", async () => {
    const store = emptyStore();
    const { id } = await store.create(start);
    await commitSteps(store, id, 1, 2);
    const policy = { ...trainDefaults.policy, keepRatio: 0.2 };
    await store.commit(id, { report: reportOf(3), settings: { ...trainDefaults, policy }, state: stateOf(3) });
    const { settings } = await store.get(id);
    expect(settings.map(({ fromStep, settings: { policy } }) => [fromStep, policy.keepRatio])).toEqual([
      [1, 0.4],
      [3, 0.2],
    ]);
  });

  it("forks from a checkpoint with the history up to it, and leaves the first run alone", async () => {
    const store = emptyStore();
    const { id } = await store.create({ ...start, model, targetStep: 12 });
    await commitSteps(store, id, 1, 12);
    const fork = await store.fork(id, 10, "VPPO 1 from step 10");
    expect(fork).toMatchObject({ lastStep: 10, status: "paused", forkedFrom: { run: id, step: 10 } });
    expect(fork.targetStep).toBeUndefined();
    expect(await store.lastState(fork.id)).toEqual({ step: 10, state: stateOf(10) });
    expect((await store.metrics(fork.id)).map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    await commitSteps(store, fork.id, 11, 11);
    expect((await store.get(id)).lastStep).toBe(12);
    expect(await store.lastState(id)).toEqual({ step: 12, state: stateOf(12) });
    await expect(store.fork(id, 3, "x")).rejects.toBeInstanceOf(RunMissingError);
  });

  it("never stores a Hub token", async () => {
    const store = emptyStore();
    const { id } = await store.create({ ...start, model });
    expect((await store.get(id)).model?.source).toEqual({ kind: "hub", repo: "a/b", revision: "main" });
    expect(JSON.stringify(await store.list())).not.toContain("secret");
  });

  it("renames, notes, sets and takes away the target, and deletes with all that belongs to a run", async () => {
    const store = emptyStore();
    const { id } = await store.create(start);
    await commitSteps(store, id, 1, 2);
    expect(await store.change(id, { name: "low k", note: "why", targetStep: 9 })).toMatchObject({
      name: "low k",
      note: "why",
      targetStep: 9,
    });
    expect((await store.change(id, { targetStep: null })).targetStep).toBeUndefined();
    const other = await store.create(start);
    await store.remove([id]);
    expect((await store.list()).runs.map((run) => run.id)).toEqual([other.id]);
    expect(await store.metrics(id)).toEqual([]);
    expect(await store.checkpoints(id)).toEqual([]);
    await expect(store.change(id, { note: "" })).rejects.toBeInstanceOf(RunMissingError);
  });

  it("offers the oldest checkpoints for deletion and never a run's last", async () => {
    const store = emptyStore();
    const old = await store.create(start);
    await commitSteps(store, old.id, 1, 6);
    const young = await store.create(start);
    await commitSteps(store, young.id, 1, 6);
    const steps = async (bytes: number) => (await store.oldestCheckpoints(bytes)).map(({ run, step }) => [run === old.id, step]);
    expect(await steps(1)).toEqual([[true, 5]]);
    expect(await steps(17)).toEqual([
      [true, 5],
      [false, 5],
    ]);
    await store.deleteCheckpoints([
      { run: old.id, step: 5 },
      { run: old.id, step: 6 },
    ]);
    expect(await store.lastState(old.id)).toEqual({ step: 6, state: stateOf(6) });
    expect((await store.checkpoints(old.id)).map(({ step }) => step)).toEqual([6]);
  });

  it("leaves a damaged entry out of the list, names it, and reads the others", async () => {
    const store = openStore("damaged");
    const good = await store.create(start);
    const bad = await store.create(start);
    const database = await new Promise<IDBDatabase>((done) => {
      const request = indexedDB.open("damaged");
      request.onsuccess = () => done(request.result);
    });
    await new Promise((done) => {
      const transaction = database.transaction("runs", "readwrite");
      transaction.objectStore("runs").put({ id: bad.id, info: { id: bad.id, name: 7 } });
      transaction.oncomplete = done;
    });
    database.close();
    expect(await store.list()).toMatchObject({ runs: [{ id: good.id }], damaged: [bad.id] });
    await expect(store.get(bad.id)).rejects.toBeInstanceOf(RunDataError);
  });
});
