// A study carried out, paused, interrupted and gone on with, against an engine that keeps the real one's promises (one job at a time, a
// stop ends the job that runs, the last event says why) and answers from the request alone; stores and database are the real ones.

import "fake-indexeddb/auto";
import { beforeEach, describe, expect, it } from "vitest";
import type { EvaluationReport, EvaluationRequest, StepMetrics, TrainEvent, TrainRequest } from "@/protocol/training";
import type { OwnStudy } from "@/study/ownStudy";
import type { StudyResult } from "@/study/results";
import { useEvaluations } from "../evaluations/evaluations";
import { KeptDatabaseError } from "../keptDatabase";
import { sayOnce } from "../keptJob";
import { useStore } from "../store";
import { useStudies } from "./studies";
import { type StudyParts, StudyRunner } from "./studyRunner";
import { StudyStorage } from "./studyStorage";

const device = "wasm, a processor, int8";
const modelReport = {
  name: "shapes-vlm",
  family: "SmolVLM",
  parameters: 1e6,
  sizeBytes: 1e6,
  precision: { text: "int8", vision: "int8", head: "int8", groupSize: 32 },
  contextTokens: 512,
  vocabularySize: 300,
} as const;

/** Answers by rule: a step's accuracy from seed and number, problem p right when p + seed of the last training is even. */
class RuleEngine {
  /** What was asked, in order: "reset", "train vppo-like 1", "measure", "measure masked". */
  readonly calls: string[] = [];
  /** Called before each step of training. */
  onStep: (step: number) => void = () => undefined;
  onMeasure: () => void = () => undefined;
  /** The engine pauses by itself before this step, with a reason. */
  pausesAt = 0;
  /** The job fails before this step. */
  failsAt = 0;
  adapter: string | null = null;
  /** Which adapter name the page showed at each call. */
  readonly shown: (string | undefined)[] = [];
  #job: Promise<unknown> = Promise.resolve();
  #stopped = false;
  #seed = 0;

  train(request: TrainRequest, onEvent: (event: TrainEvent) => void): Promise<void> {
    return this.#next(`train ${request.settings.seed}`, async () => {
      this.#seed = request.settings.seed;
      this.adapter = `seed ${this.#seed}`;
      for (let step = 1; step <= request.steps; step++) {
        await Promise.resolve();
        this.onStep(step);
        const stopped = (reason: "paused" | "failed", message?: string) =>
          onEvent({ type: "stopped", step: step - 1, reason, ...(message !== undefined && { message }) });
        if (step === this.failsAt) {
          stopped("failed", "The device was lost.");
          throw { name: "OddError", message: "The step failed: a test wants it so. Try again." };
        }
        if (step === this.pausesAt) return stopped("paused", "Training paused: three steps in a row were not finite.");
        if (this.#stopped) return stopped("paused");
        const metrics: StepMetrics = { "reward/accuracy": (this.#seed * step) / 100, "timing_s/step": 1, "actor/lr": 1 };
        onEvent({ type: "step", report: { step, metrics, rollouts: [], images: [], texts: {} } });
      }
      onEvent({ type: "stopped", step: request.steps, reason: "finished" });
    });
  }

  evaluate(request: EvaluationRequest): Promise<EvaluationReport> {
    return this.#next(request.masked ? "measure masked" : "measure", async () => {
      this.onMeasure();
      await Promise.resolve();
      const { problems, rollouts: answers, masked } = request;
      const outcomes = Array.from({ length: this.#stopped ? 1 : problems }, (_, p) => ({
        family: "count",
        right: masked || (p + this.#seed) % 2 ? 0 : answers,
        answers,
        parseable: answers,
        tokens: 10,
      }));
      return { outcomes, stopped: this.#stopped };
    });
  }

  resetTraining(): Promise<void> {
    return this.#next("reset", async () => {
      this.adapter = null;
    });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
  }

  #next<T>(name: string, job: () => Promise<T>): Promise<T> {
    const result = this.#job.then(() => {
      this.#stopped = false;
      this.calls.push(name);
      const { model } = useStore.getState();
      this.shown.push(model.status === "ready" ? model.model.adapter : undefined);
      return job();
    });
    this.#job = result.catch(() => undefined);
    return result;
  }
}

/** Locks of one browser: what `ifAvailable` of the Web Locks API does. */
class Locks {
  readonly held = new Set<string>();
  readonly manager = { request: this.#request.bind(this) } as unknown as LockManager;

  async #request(name: string, _: LockOptions, job: (lock: { name: string } | null) => Promise<unknown>): Promise<unknown> {
    if (this.held.has(name)) return job(null);
    this.held.add(name);
    try {
      return await job({ name });
    } finally {
      this.held.delete(name);
    }
  }
}

let number = 0;
let engine: RuleEngine;
let locks: Locks;
let storage: StudyStorage;
let runner: StudyRunner;
let prepared = 0;

const begun: OwnStudy = {
  id: "a",
  createdAt: 5,
  choice: { plan: "shapes", arms: ["vppo", "dapo"], seeds: [1, 2], steps: 3, prompts: 8, problems: 4, rollouts: 2 },
  device: null,
  isImported: false,
  results: [],
};
const runNames = ["base 0", "vppo 1", "dapo 1", "vppo 2", "dapo 2"];

const newRunner = (parts: Partial<StudyParts> = {}) =>
  new StudyRunner({
    engine,
    storage,
    sayNotKept: sayOnce(),
    locks: () => locks.manager,
    prepare: async () => {
      prepared++;
      return device;
    },
    ...parts,
  });

beforeEach(() => {
  useStore.setState({
    ...useStore.getInitialState(),
    model: { status: "ready", model: modelReport, times: null },
  });
  useStudies.setState(useStudies.getInitialState());
  useEvaluations.setState(useEvaluations.getInitialState());
  engine = new RuleEngine();
  locks = new Locks();
  storage = new StudyStorage(`study-runs-${number++}`);
  prepared = 0;
  runner = newRunner();
});

const start = () => runner.carryOut(() => begun);
const goOn = () => runner.carryOut(() => useStudies.getState().own?.[0]);
const shown = () => useStudies.getState().own?.[0];
const messages = () => useStore.getState().messages.map(({ text }) => text);
const namesOf = (results: readonly StudyResult[] | undefined) => results?.map(({ arm, seed }) => `${arm} ${seed}`);
const withoutTime = (results: readonly StudyResult[] | undefined) =>
  results
    ?.map(({ seconds: _, ...result }) => result)
    .toSorted((a, b) => `${a.arm} ${a.seed}`.localeCompare(`${b.arm} ${b.seed}`));
const stored = async () => (await storage.list()).studies[0];

/** The results of the same study without a break. */
async function wholeResults() {
  const [mine, desk] = [storage, engine];
  [storage, engine] = [new StudyStorage(`study-whole-${number++}`), new RuleEngine()];
  await newRunner().carryOut(() => begun);
  const results = withoutTime(shown()?.results);
  [storage, engine] = [mine, desk];
  useStudies.setState(useStudies.getInitialState());
  return results;
}

describe("a study", () => {
  it("trains every arm with every seed from a fresh adapter, and measures it with and without the image", async () => {
    await start();
    const measured = ["measure", "measure masked"];
    const each = (seed: number) => ["reset", `train ${seed}`, ...measured];
    expect(engine.calls).toEqual(["reset", ...measured, ...each(1), ...each(1), ...each(2), ...each(2), "reset"]);
    expect(namesOf(shown()?.results)).toEqual(runNames);
    expect(shown()?.device).toBe(device);
    const vppo = shown()?.results[1];
    // Of a step only what results keep.
    expect(vppo?.steps).toEqual([1, 2, 3].map((step) => ({ "reward/accuracy": step / 100, "timing_s/step": 1 })));
    expect(vppo?.after.map(({ right }) => right)).toEqual([0, 2, 0, 2]);
    expect(vppo?.masked.every(({ right }) => right === 0)).toBe(true);
    expect(withoutTime((await stored())?.results)).toEqual(withoutTime(shown()?.results));
  });

  it("says which adapter answers while it lasts, and leaves none behind", async () => {
    await start();
    expect(engine.shown[0]).toBeUndefined();
    expect(engine.shown.slice(4, 7)).toEqual(Array(3).fill("study: VPPO, seed 1"));
    expect(engine.adapter).toBeNull();
    expect(useStore.getState().model).toMatchObject({ status: "ready", model: modelReport });
    expect(useStore.getState().model).not.toHaveProperty("model.adapter");
    expect(useStudies.getState()).toMatchObject({ running: null, problem: null });
    expect(locks.held.size).toBe(0);
    expect(messages()).toEqual([]);
  });

  it("is not begun a second time while it runs", async () => {
    const first = start();
    expect(start()).toBe(first);
    await first;
    expect(prepared).toBe(1);
    expect(shown()?.results).toHaveLength(runNames.length);
  });
});

describe("a pause", () => {
  it("in the middle of a run gives that run up, and keeps those before it", async () => {
    let trained = 0;
    engine.onStep = (step) => {
      if (step === 1) trained++;
      if (trained === 2 && step === 2) void runner.pause();
    };
    await start();
    expect(namesOf(shown()?.results)).toEqual(runNames.slice(0, 2));
    expect(namesOf((await stored())?.results)?.toSorted()).toEqual(runNames.slice(0, 2).toSorted());
    expect(engine.adapter).toBeNull();
    expect(useStudies.getState()).toMatchObject({ running: null, problem: null });
  });

  it.each([1, 2, 3, 4, 5, 6, 10])("while the %i. measurement runs leads to the same results in the end", async (when) => {
    const whole = await wholeResults();
    let measurement = 0;
    engine.onMeasure = () => {
      if (++measurement === when) void runner.pause();
    };
    await start();
    expect(shown()?.results).toHaveLength(Math.floor((when - 1) / 2));
    await goOn();
    expect(withoutTime(shown()?.results)).toEqual(whole);
  });

  it("is over when it is resolved, also before the first run", async () => {
    const study = start();
    await runner.pause();
    expect(useStudies.getState().running).toBeNull();
    expect(shown()?.results).toEqual([]);
    await study;
    await runner.pause();
    await goOn();
    expect(namesOf(shown()?.results)).toEqual(runNames);
  });

  it("is gone on from on another page with the runs that are missing", async () => {
    const whole = await wholeResults();
    let trained = 0;
    engine.onStep = (step) => {
      if (step === 1 && ++trained === 3) void runner.pause();
    };
    await start();
    const before = engine.calls.length;
    // Nothing but the database is left of the page before.
    useStudies.setState(useStudies.getInitialState());
    useStudies.getState().set({ own: (await storage.list()).studies });
    runner = newRunner();
    await goOn();
    expect(engine.calls.slice(before).filter((call) => call.startsWith("train"))).toEqual(["train 2", "train 2"]);
    expect(withoutTime(shown()?.results)).toEqual(whole);
    expect(withoutTime((await stored())?.results)).toEqual(whole);
  });
});

describe("a study that cannot go on", () => {
  it("says what failed, gives the engine back, and begins the run again", async () => {
    const whole = await wholeResults();
    engine.failsAt = 2;
    await start();
    expect(useStudies.getState()).toMatchObject({ running: null, problem: "The step failed: a test wants it so. Try again." });
    expect(messages()).toEqual(["The step failed: a test wants it so. Try again."]);
    expect(namesOf(shown()?.results)).toEqual(runNames.slice(0, 1));
    await engine.resetTraining();
    expect(engine.adapter).toBeNull();
    engine.failsAt = 0;
    await goOn();
    expect(useStudies.getState().problem).toBeNull();
    expect(withoutTime(shown()?.results)).toEqual(whole);
  });

  it("says why the engine paused by itself", async () => {
    engine.pausesAt = 3;
    await start();
    expect(useStudies.getState().problem).toBe(
      "The study is paused: Training paused: three steps in a row were not finite. Press Continue to begin the run again.",
    );
    expect(namesOf(shown()?.results)).toEqual(runNames.slice(0, 1));
  });

  it("is refused while another tab carries it out, and touches neither engine nor model", async () => {
    locks.held.add("vppo-playground.study:a");
    await start();
    expect(useStudies.getState().problem).toBe(
      "The study cannot go on: another tab of this page carries it out. Pause it there first.",
    );
    expect([engine.calls, prepared, await stored()]).toEqual([[], 0, undefined]);
    locks.held.clear();
    await goOn();
    expect(namesOf(shown()?.results)).toEqual(runNames);
  });

  it("does not need locks where the browser has none", async () => {
    runner = newRunner({ locks: () => undefined });
    await start();
    expect(namesOf(shown()?.results)).toEqual(runNames);
  });

  it("is refused on another device than its runs were taken on", async () => {
    const elsewhere: OwnStudy = { ...begun, device: "webgpu, a card, int8" };
    await runner.carryOut(() => elsewhere);
    expect(useStudies.getState().problem).toBe(
      `The study cannot go on: its runs were taken on webgpu, a card, int8, and this is ${device}. Choose the same backend and number formats, or start another study.`,
    );
    expect(engine.calls).toEqual([]);
  });

  it("is refused when training was started while its model was loaded", async () => {
    const training = { status: "running", step: 1, phase: "update", done: 0, total: 1, pausing: false } as const;
    runner = newRunner({
      prepare: async () => {
        useStore.getState().setTraining(training);
        return device;
      },
    });
    await start();
    expect(useStudies.getState().problem).toMatch(/^The study did not start: training was started meanwhile\./);
    expect(engine.calls).toEqual([]);
  });

  it("shows what it could not keep, and says so once", async () => {
    const full = async () => {
      throw new KeptDatabaseError("The run's result is not kept", "the browser's storage is full", "Save results as files");
    };
    runner = newRunner({ storage: { put: full, add: full } });
    await start();
    expect(namesOf(shown()?.results)).toEqual(runNames);
    expect(messages()).toEqual(["The run's result is not kept: the browser's storage is full. Save results as files."]);
  });
});

describe("whatever else wants the engine", () => {
  const running = { status: "running", step: 0, phase: "rollouts", done: 0, total: 1, pausing: false } as const;
  it.each<[string, () => void]>([
    ["training", () => useStore.getState().setTraining(running)],
    ["your question", () => useStore.getState().setAsk({ status: "running", rollouts: 2 })],
    ["another model", () => useStore.getState().setModel({ status: "loading", name: "other", plan: null, progress: null })],
    ["the evaluation", () => useEvaluations.getState().set({ running: { id: "e", isStopping: false } })],
  ])("pauses the study, which takes its adapter off first: %s", async (what, want) => {
    let order: string[] = [];
    engine.onStep = (step) => {
      if (step !== 2) return;
      want();
      // Whoever wants the engine asks it after the change, behind what the study asked inside it.
      void engine.resetTraining().then(() => {
        order = engine.calls.slice(-2);
      });
    };
    await start();
    await engine.resetTraining();
    expect(order).toEqual(["reset", "reset"]);
    expect(messages()).toEqual([`The study is paused for ${what}. Press Continue in Study to go on.`]);
    expect(namesOf(shown()?.results)).toEqual(runNames.slice(0, 1));
    expect(useStudies.getState()).toMatchObject({ running: null, problem: null });
    expect(useStore.getState().model).not.toHaveProperty("model.adapter");
  });
});
