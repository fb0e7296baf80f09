// What happens between the steps of a run, on the tiny model and wasm: whatever breaks in, the run goes on from the state after
// its last whole step, bit for bit as if nothing had been.

import { memory } from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { UserError } from "@/lib/errors";
import { setUpWasm } from "@/ops/test/wasmFixture";
import type { RunJournal, StepEntry } from "@/protocol/runs";
import type { TrainEvent, TrainRequest, TrainSettings } from "@/protocol/training";
import { openSession, uniformPrecision } from "../loading/openSession";
import { attachLora, loraParameters, removeLora } from "../lora";
import type { Session } from "../session";
import { fixtureFolder } from "../test/fixtureFolder";
import { parityParts, trainSettings, withoutEnd } from "../test/tinySession";
import type { TrainerParts } from "./trainer";
import { TrainingJobs } from "./trainingJobs";

setUpWasm();
const open = async () => withoutEnd(await openSession(fixtureFolder("smolvlm"), "tiny", { precision: uniformPrecision("f32") }));
let session: Session;
beforeAll(async () => {
  session = await open();
});
afterAll(() => session[Symbol.dispose]());
beforeEach(() => removeLora(session.model));

const settings: TrainSettings = { ...trainSettings, promptsPerStep: 2 };

/** A journal in memory; `failAt` has no room for that step. */
class Notebook implements RunJournal {
  readonly entries: StepEntry[] = [];
  failAt: number | undefined;
  #beginning: Uint8Array | undefined;

  async begin(_run: string, state: Uint8Array) {
    if (this.failAt === 0) throw new UserError("The run was not stored", "the disk is full", "Delete a run");
    this.#beginning = state;
  }

  async lastState() {
    const last = this.entries.at(-1);
    if (last) return { step: last.report.step, state: last.state };
    return this.#beginning && { step: 0, state: this.#beginning };
  }

  async commit(_run: string, entry: StepEntry) {
    if (entry.report.step === this.failAt) throw new UserError("The step was not stored", "the disk is full", "Delete a run");
    this.entries.push(entry);
  }

  get states() {
    return this.entries.map(({ state }) => state);
  }
}

interface Setting {
  readonly journal?: RunJournal;
  readonly parts?: TrainerParts;
  readonly on?: Session;
}

function startJobs({ journal, parts = parityParts, on = session }: Setting = {}) {
  const jobs = new TrainingJobs({ parts, journal, reload: open });
  const events: TrainEvent[] = [];
  const train = (request: Partial<TrainRequest> = {}, onEvent?: (event: TrainEvent) => void) =>
    jobs.train(
      on,
      { settings, steps: 1, run: "r", ...request },
      {
        emit: (event) => {
          events.push(event);
          onEvent?.(event);
        },
        signal: new AbortController().signal,
      },
    );
  return { jobs, events, train };
}

/** States after each of three steps without a break. */
let whole: readonly Uint8Array[];
beforeAll(async () => {
  const journal = new Notebook();
  await startJobs({ journal }).train({ steps: 3 });
  whole = journal.states;
  removeLora(session.model);
}, 120_000);

describe("a run", { timeout: 120_000 }, () => {
  it("stores every step before it tells of it, and says when all are taken", async () => {
    const journal = new Notebook();
    const { events, train } = startJobs({ journal });
    await train({ steps: 2 }, (event) => {
      if (event.type === "step") expect(journal.entries.at(-1)!.report.step).toBe(event.report.step);
    });
    expect(journal.entries.map(({ settings: { seed } }) => seed)).toEqual([3, 3]);
    expect(events.at(-1)).toEqual({ type: "stopped", step: 2, reason: "finished" });
    expect(events.filter(({ type }) => type === "phase").length).toBeGreaterThan(4);
  });

  it("goes on in a fresh session from its stored state, and the next step is the same to the last bit", async () => {
    const journal = new Notebook();
    await startJobs({ journal }).train();
    const fresh = await open();
    const { train } = startJobs({ journal, on: fresh });
    await train({ steps: 2 });
    fresh[Symbol.dispose]();
    expect(journal.entries.map(({ report }) => report.step)).toEqual([1, 2, 3]);
    expect(journal.states).toEqual(whole);
  });

  it("is paused when a step cannot be stored, with the reason, and takes that step again when there is room", async () => {
    const journal = new Notebook();
    journal.failAt = 2;
    const { events, train } = startJobs({ journal });
    await train({ steps: 3 });
    expect(events.at(-1)).toEqual({
      type: "stopped",
      step: 1,
      reason: "paused",
      message: "The step was not stored: the disk is full. Delete a run.",
    });
    expect(events.filter(({ type }) => type === "step")).toHaveLength(1);
    journal.failAt = undefined;
    await train({ steps: 2 });
    expect(journal.states).toEqual(whole);
  });

  it("keeps its state when a reward function fails, tells the reason, and goes on afterwards", async () => {
    let fails = true;
    const scorer = {
      score: async (...call: Parameters<NonNullable<TrainerParts["scorer"]>["score"]>) => {
        if (journal.entries.length === 1 && fails) throw new UserError("The reward failed", "line 3: no", "Correct it");
        return parityParts.scorer!.score(...call);
      },
    };
    const journal = new Notebook();
    const { events, train } = startJobs({ journal, parts: { ...parityParts, scorer } });
    await expect(train({ steps: 3 })).rejects.toThrow("line 3: no");
    expect(events.at(-1)).toMatchObject({ type: "stopped", step: 1, reason: "failed", message: /line 3/ });
    fails = false;
    await train({ steps: 2 });
    expect(journal.states).toEqual(whole);
  });

  it("stops after the step that runs, and the next one follows as if there had been no pause", async () => {
    const journal = new Notebook();
    const { jobs } = startJobs({ journal });
    const events: TrainEvent[] = [];
    const abort = new AbortController();
    const emit = (event: TrainEvent) => {
      events.push(event);
      if (event.type === "phase" && event.phase === "saving") abort.abort();
    };
    await jobs.train(session, { settings, steps: 3, run: "r" }, { emit, signal: abort.signal });
    expect(events.at(-1)).toEqual({ type: "stopped", step: 1, reason: "paused" });
    await jobs.train(session, { settings, steps: 2, run: "r" }, { emit, signal: new AbortController().signal });
    expect(journal.states).toEqual(whole);
  });

  it("pauses after three steps in a row that are not finite, with the weights it had", async () => {
    const journal = new Notebook();
    const { events, train } = startJobs({ journal });
    await train();
    const policy = { ...settings.policy, entropyPenaltyCoef: 1e60 };
    const before = loraParameters(session.model).map(({ tensor }) => [...tensor.dataSync()]);
    await train({ settings: { ...settings, policy }, steps: 9 });
    expect(events.at(-1)).toMatchObject({ type: "stopped", step: 4, reason: "paused", message: /three steps/ });
    expect(loraParameters(session.model).map(({ tensor }) => [...tensor.dataSync()])).toEqual(before);
    expect(journal.entries.slice(1).map(({ report }) => report.metrics["vppo/skipped"])).toEqual([1, 1, 1]);
    await train({ steps: 1 });
    expect(events.at(-1)).toMatchObject({ step: 5, reason: "finished" });
  });

  it("takes changed settings from the next step on, and keeps those it had when the change cannot be", async () => {
    const journal = new Notebook();
    const { jobs, events, train } = startJobs({ journal });
    await train({ steps: 4 }, (event) => {
      if (event.type !== "step") return;
      if (event.report.step === 1) jobs.change({ ...settings, learningRate: 1e-5 });
      if (event.report.step === 2) jobs.change({ ...settings, loraRank: 8 });
      if (event.report.step === 3) jobs.change({ ...settings, learningRate: Number.NaN });
    });
    expect(journal.entries.map(({ report }) => report.metrics["actor/lr"])).toEqual([1e-3, 1e-5, 1e-5, 1e-5]);
    expect(journal.entries.map((entry) => entry.settings.learningRate)).toEqual([1e-3, 1e-5, 1e-5, 1e-5]);
    const notices = events.flatMap((event) => (event.type === "notice" ? [event.message] : []));
    expect(notices).toEqual([expect.stringContaining("loraRank cannot change"), expect.stringContaining("learningRate")]);
  });

  it("gives way to another run, which starts afresh, and goes on from its stored state afterwards", async () => {
    const [first, second] = [new Notebook(), new Notebook()];
    const journal: RunJournal = {
      begin: (run, state) => (run === "r" ? first : second).begin(run, state),
      lastState: (run) => (run === "r" ? first : second).lastState(),
      commit: (run, entry) => (run === "r" ? first : second).commit(run, entry),
    };
    const { train } = startJobs({ journal });
    await train({ steps: 2 });
    await train({ run: "other" });
    expect(second.states[0]).toEqual(whole[0]);
    await train({ run: "r" });
    expect(first.states).toEqual(whole);
  });

  it("that begins with a loaded adapter and is cut off in its first step begins with that adapter again", async () => {
    const train = async (journal: Notebook, on: Session, steps: number) => {
      await startJobs({ journal, on }).train({ steps });
      return journal.states;
    };
    const [uncut, page] = [await open(), await open()];
    for (const { model } of [uncut, page]) attachLora(model, { rank: 4, alpha: 8, seed: 77 });
    const expected = await train(new Notebook(), uncut, 2);
    expect(expected[0]).not.toEqual(whole[0]);
    // No step of the page is stored before it goes.
    const journal = new Notebook();
    journal.failAt = 1;
    expect(await train(journal, page, 1)).toEqual([]);
    journal.failAt = undefined;
    const next = await open();
    expect(await train(journal, next, 2)).toEqual(expected);
    for (const one of [uncut, page, next]) one[Symbol.dispose]();
  });

  it("that begins with a loaded adapter and cannot store it says so and leaves the adapter as it was", async () => {
    const on = await open();
    attachLora(on.model, { rank: 4, alpha: 8, seed: 77 });
    const before = loraParameters(on.model).map(({ tensor }) => tensor.id);
    const journal = new Notebook();
    journal.failAt = 0;
    const { jobs, train } = startJobs({ journal, on });
    const tensors = memory().numTensors;
    await expect(train()).rejects.toThrow("The run was not stored: the disk is full.");
    expect(memory().numTensors).toBe(tensors);
    expect(loraParameters(on.model).map(({ tensor }) => tensor.id)).toEqual(before);
    journal.failAt = undefined;
    await train();
    expect(journal.entries).toHaveLength(1);
    jobs.drop();
    on[Symbol.dispose]();
  });

  it("of all weights starts over on the checkpoint's own when it is reset", async () => {
    const moved = await open();
    const full: TrainSettings = { ...settings, trainable: "full" };
    const journal = new Notebook();
    const jobs = new TrainingJobs({ parts: parityParts, journal, reload: open });
    const job = { emit: () => undefined, signal: new AbortController().signal };
    await jobs.train(moved, { settings: full, steps: 1, run: "r" }, job);
    const fresh = await jobs.reset(moved, job.signal);
    moved[Symbol.dispose]();
    expect(fresh).not.toBe(moved);
    await jobs.train(fresh, { settings: full, steps: 1 }, job);
    const again = new Notebook();
    const other = new TrainingJobs({ parts: parityParts, journal: again, reload: open });
    const untouched = await open();
    await other.train(untouched, { settings: full, steps: 1, run: "r" }, job);
    expect(again.states).toEqual(journal.states);
    jobs.drop();
    other.drop();
    fresh[Symbol.dispose]();
    untouched[Symbol.dispose]();
  });

  it("does not begin with settings that cannot work", async () => {
    const { events, train } = startJobs();
    await expect(train({ settings: { ...settings, rolloutsPerPrompt: 1 } })).rejects.toMatchObject({ key: "rolloutsPerPrompt" });
    await expect(train({ steps: 0 })).rejects.toThrow("Nothing was trained");
    expect(events).toEqual([]);
    expect(loraParameters(session.model)).toEqual([]);
  });
});
