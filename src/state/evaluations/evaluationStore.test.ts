import "fake-indexeddb/auto";
import { openDB } from "idb";
import { afterEach, describe, expect, it, vi } from "vitest";
import { KeptDatabaseError } from "../keptDatabase";
import { outcomesOf, sampleEvaluation } from "../test/sampleEvaluation";
import { EvaluationStore } from "./evaluationStore";

let number = 0;
const freshName = () => `evaluations-${number++}`;

afterEach(() => vi.unstubAllGlobals());

describe("EvaluationStore", () => {
  it("gives back what was kept last of each evaluation, the newest first, also to the next page", async () => {
    const name = freshName();
    const store = new EvaluationStore(name);
    await store.put(sampleEvaluation());
    const grown = sampleEvaluation({ seen: outcomesOf(1, 2), masked: outcomesOf(0), elapsedMs: 12 });
    await store.put(grown);
    const newer = sampleEvaluation({ id: "e2", createdAt: 2000 });
    await store.put(newer);
    await store.close();
    expect(await new EvaluationStore(name).list()).toEqual({ evaluations: [newer, grown], damaged: 0 });
  });

  it("forgets what is removed", async () => {
    const store = new EvaluationStore(freshName());
    await store.put(sampleEvaluation());
    await store.remove("e1");
    expect((await store.list()).evaluations).toEqual([]);
  });

  it("counts what is damaged and reads the rest", async () => {
    const name = freshName();
    const store = new EvaluationStore(name);
    await store.put(sampleEvaluation());
    await store.close();
    const raw = await openDB(name, 1);
    const more = outcomesOf(1, 1, 1, 1, 1);
    await raw.put("evaluations", sampleEvaluation({ id: "e2", seen: more }), "e2");
    await raw.put("evaluations", { id: "e3" }, "e3");
    await raw.put("evaluations", sampleEvaluation({ id: "e4", seen: [{ ...more[0]!, right: Number.NaN }] }), "e4");
    raw.close();
    const { evaluations, damaged } = await store.list();
    expect(evaluations.map(({ id }) => id)).toEqual(["e1"]);
    expect(damaged).toBe(3);
  });

  it("says in a sentence that the browser keeps nothing", async () => {
    vi.stubGlobal("indexedDB", undefined);
    const error = await new EvaluationStore(freshName()).put(sampleEvaluation()).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(KeptDatabaseError);
    expect(String(error)).toMatch(/The evaluation is not kept: .+\. Save results as files\.$/);
  });
});
