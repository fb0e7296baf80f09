import { describe, expect, it } from "vitest";
import { outcomesOf, sampleEvaluation } from "../test/sampleEvaluation";
import {
  compareByFamily,
  isFinished,
  isSameSubject,
  metricsOf,
  nextRequest,
  notComparable,
  progressOf,
  subjectName,
  timeLeftMs,
  withOutcomes,
} from "./evaluation";

describe("an evaluation in parts", () => {
  it("asks for every problem once per condition, seen and masked in turn, and then for nothing", () => {
    let evaluation = sampleEvaluation();
    const asked: string[] = [];
    for (let request = nextRequest(evaluation, 3); request; request = nextRequest(evaluation, 3)) {
      const { first = 0, problems, masked } = request;
      asked.push(`${masked ? "masked" : "seen"} ${first} to ${problems}`);
      evaluation = withOutcomes(evaluation, request, outcomesOf(...Array<number>(problems - first).fill(1)), 100);
    }
    expect(asked).toEqual(["seen 0 to 3", "masked 0 to 3", "seen 3 to 4", "masked 3 to 4"]);
    expect(isFinished(evaluation)).toBe(true);
    expect(evaluation.elapsedMs).toBe(400);
  });

  it("goes on with the first problem that has no outcome, also where a part was cut short", () => {
    const evaluation = sampleEvaluation({ seen: outcomesOf(1, 1, 1), masked: outcomesOf(0) });
    expect(nextRequest(evaluation, 8)).toMatchObject({ masked: true, first: 1, problems: 3 });
    expect(nextRequest(sampleEvaluation({ withMasked: false, seen: outcomesOf(1) }), 8)).toMatchObject({ first: 1, problems: 4 });
  });

  it("counts every condition, and estimates the rest by the speed so far", () => {
    const evaluation = sampleEvaluation({ seen: outcomesOf(1, 1), elapsedMs: 1000 });
    expect(progressOf(evaluation)).toEqual({ done: 2, total: 8 });
    expect(timeLeftMs(evaluation)).toBe(3000);
    expect(timeLeftMs(sampleEvaluation())).toBeNull();
  });
});

describe("subjects", () => {
  const { subject } = sampleEvaluation();

  it("are the same with the same weights, whatever the adapter is called", () => {
    const trained = { ...subject, adapter: "trained, step 3", fingerprint: "ab" };
    expect(isSameSubject(trained, { ...trained, adapter: "adapter.safetensors" })).toBe(true);
    expect(isSameSubject(trained, { ...trained, fingerprint: "cd" })).toBe(false);
    expect(isSameSubject(subject, { ...subject, precision: { ...subject.precision, head: "f32" } })).toBe(false);
  });

  it("are called by run and step where they have them", () => {
    const run = { id: "r1", name: "VPPO 3" };
    expect(subjectName({ ...subject, adapter: "trained, step 3", run, step: 3 })).toBe("VPPO 3, step 3");
    expect(subjectName(subject)).toBe("without adapter");
  });
});

describe("comparing two", () => {
  const before = sampleEvaluation({ seen: outcomesOf(0, 1, 1, 1) });
  const after = sampleEvaluation({ id: "e2", seen: outcomesOf(2, 1, 2) });

  it("takes the problems that both have, pairwise, overall and by family", () => {
    const { all, perFamily } = compareByFamily(before.seen, after.seen);
    expect(all).toMatchObject({ difference: 0.5, problems: 3 });
    expect(perFamily.count_color).toMatchObject({ difference: 0.75, problems: 2 });
    expect(perFamily.relation).toMatchObject({ difference: 0, problems: 1 });
  });

  it("is refused with the reason where problems or grading differ", () => {
    const refusal = (plan: Partial<typeof after.plan>) => notComparable(before, { ...after, plan: { ...after.plan, ...plan } });
    expect(refusal({})).toBeNull();
    expect(refusal({ rollouts: 8, problems: 100 })).toBeNull();
    expect(refusal({ seed: 1 })).toContain("problems are not the same");
    expect(refusal({ difficulty: 2 })).toContain("problems are not the same");
    expect(refusal({ reward: { kind: "official", tolerance: 1e-6 } })).toContain("graded in different ways");
    expect(notComparable(before, before)).toContain("the same evaluation");
    expect(notComparable(before, sampleEvaluation({ id: "e3" }))).toContain("no outcome yet");
  });
});

describe("metricsOf", () => {
  it("has the official names, and the masked accuracy only where it was measured", () => {
    expect(metricsOf({ seen: outcomesOf(1, 2), masked: outcomesOf(1, 0) })).toEqual({
      "val/accuracy_reward": 0.75,
      "val_response_length/mean": 15,
      "val/accuracy_masked": 0.25,
    });
    expect(Object.keys(metricsOf({ seen: outcomesOf(1), masked: [] }))).not.toContain("val/accuracy_masked");
    expect(metricsOf({ seen: [], masked: [] })).toEqual({});
  });
});
