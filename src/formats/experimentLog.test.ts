import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  ExperimentLogError,
  type LoggedStep,
  readExperimentConfig,
  readExperimentLog,
  writeExperimentConfig,
  writeExperimentLog,
} from "./experimentLog";

// As Python 3 wrote it: json.dumps({"step": s, **unflatten_dict(metrics)}).
const official = [
  '{"step": 0, "val": {"accuracy_reward": 0.5}}',
  '{"step": 1, "actor": {"pg_loss": -0.05, "grad_norm": NaN}, "critic": {"score": {"mean": 1e-06, "max": Infinity, "min": -Infinity}}}',
  '{"step": 2, "actor": {"pg_loss": 0.25}, "new": {"name": 3}}',
  "",
].join("\n");

describe("readExperimentLog", () => {
  it("reads nested names, numbers that JSON lacks and names nobody knows", () => {
    const { steps, problems } = readExperimentLog(official);
    expect(problems).toEqual([]);
    expect(steps).toEqual([
      { step: 0, metrics: { "val/accuracy_reward": 0.5 } },
      {
        step: 1,
        metrics: {
          "actor/pg_loss": -0.05,
          "actor/grad_norm": Number.NaN,
          "critic/score/mean": 1e-6,
          "critic/score/max": Number.POSITIVE_INFINITY,
          "critic/score/min": Number.NEGATIVE_INFINITY,
        },
      },
      { step: 2, metrics: { "actor/pg_loss": 0.25, "new/name": 3 } },
    ]);
  });

  it("takes flat names, null for a missing number, and joins lines of one step, the later value counting", () => {
    const text = '{"step": 2, "actor/pg_loss": null}\n{"step": 1, "a": 1, "b": 2}\n{"step": 1, "b": 3}';
    expect(readExperimentLog(text).steps).toEqual([
      { step: 1, metrics: { a: 1, b: 3 } },
      { step: 2, metrics: { "actor/pg_loss": Number.NaN } },
    ]);
  });

  it("keeps the good lines and tells each broken one with its number and reason", () => {
    const broken = ["{", "[1]", '{"actor": {}}', '{"step": "3"}', '{"step": 1.5}', '{"step": -1}', '{"step": NaN}'];
    const { steps, problems } = readExperimentLog([...broken, '{"step": 4, "a": 1}', '{"step": 5, "a": '].join("\n"));
    expect(steps).toEqual([{ step: 4, metrics: { a: 1 } }]);
    expect(problems).toEqual([
      { line: 1, reason: "it is not JSON" },
      { line: 2, reason: "it is no JSON object" },
      { line: 3, reason: "it has no step" },
      { line: 4, reason: "its step is not a number" },
      { line: 5, reason: "its step is no whole number from 0 on" },
      { line: 6, reason: "its step is no whole number from 0 on" },
      { line: 7, reason: "its step is not a number" },
      { line: 9, reason: "it is not JSON" },
    ]);
  });

  it("leaves texts and lists out and says which names they have", () => {
    const { steps, otherNames } = readExperimentLog('{"step": 1, "val": {"generations": ["x"], "note": "NaN", "acc": 1}}');
    expect(steps).toEqual([{ step: 1, metrics: { "val/acc": 1 } }]);
    expect(otherNames).toEqual(["val/generations", "val/note"]);
  });

  it("refuses a text without any step, with the first reason", () => {
    expect(() => readExperimentLog("")).toThrow(ExperimentLogError);
    expect(() => readExperimentLog("step,loss\n1,2\n")).toThrow(/line 1 cannot be read: it is not JSON/);
  });

  it("survives groups nested without end and names that are no ordinary keys", () => {
    const deep = `{"step": 1, "a": ${'{"b": '.repeat(5000)}1${"}".repeat(5000)}}`;
    expect(readExperimentLog(`${deep}\n{"step": 2, "__proto__": {"x": 1}, "constructor": 2}`).steps[1]?.metrics).toEqual({
      "__proto__/x": 1,
      constructor: 2,
    });
  });
});

describe("writeExperimentLog", () => {
  it("writes the lines the official logger writes", () => {
    const steps = readExperimentLog(official).steps;
    expect(writeExperimentLog(steps)).toBe(official.replace("1e-06", "0.000001"));
  });

  it("keeps the slashes of a name whose group is a number already", () => {
    const line = writeExperimentLog([{ step: 1, metrics: { loss: 1, "loss/mean": 2, "step/time": 3 } }]);
    expect(line).toBe('{"step": 1, "loss": 1, "loss/mean": 2, "step/time": 3}\n');
  });

  it("is undone by reading, whatever the names and numbers", () => {
    const name = fc.oneof(
      fc.constantFrom("a", "a/b", "a/b/c", "a//b", "/", "", "__proto__", "__proto__/x", "step/a", "val/accuracy"),
      fc.string({ maxLength: 12 }).filter((one) => one !== "step"),
    );
    const metrics = fc
      .array(fc.tuple(name, fc.double()), { maxLength: 8 })
      .map((entries): LoggedStep["metrics"] => Object.fromEntries(entries));
    const log = fc.uniqueArray(fc.record({ step: fc.nat(1_000_000), metrics }), {
      minLength: 1,
      maxLength: 6,
      selector: ({ step }) => step,
    });
    fc.assert(
      fc.property(log, (steps) => {
        const ordered = [...steps].sort((a, b) => a.step - b.step);
        const read = readExperimentLog(writeExperimentLog(ordered));
        expect(read.problems).toEqual([]);
        expect(read.steps.map(({ step }) => step)).toEqual(ordered.map(({ step }) => step));
        read.steps.forEach((step, i) => {
          expect(new Map(Object.entries(step.metrics))).toEqual(new Map(Object.entries(ordered[i]?.metrics ?? {})));
        });
      }),
      { numRuns: 300 },
    );
  });
});

describe("experiment_config.json", () => {
  it("nests dotted names and reads them back, infinities included", () => {
    const values = {
      "data.seed": 1,
      "worker.actor.clip_ratio_low": 0.2,
      "trainer.experiment_name": "VPPO 1",
      "data.max": Infinity,
    };
    const text = writeExperimentConfig(values);
    expect(text.split("\n").slice(0, 4)).toEqual(["{", '  "data": {', '    "seed": 1,', '    "max": Infinity']);
    expect(readExperimentConfig(text)).toEqual(values);
  });

  it("refuses what is no object", () => {
    for (const text of ["", "[]", "3", "{"]) expect(() => readExperimentConfig(text)).toThrow(ExperimentLogError);
  });
});
