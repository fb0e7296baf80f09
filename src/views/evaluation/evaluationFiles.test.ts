import { describe, expect, it } from "vitest";
import { outcomesOf, sampleEvaluation } from "@/state/test/sampleEvaluation";
import { evaluationCsv, evaluationFileName, evaluationJson } from "./evaluationFiles";

const evaluation = sampleEvaluation({ seen: outcomesOf(1, 2), masked: outcomesOf(0) });

describe("an evaluation as a file", () => {
  it("is a row per problem in CSV, with empty cells where the masked image was not asked", () => {
    expect(evaluationCsv(evaluation)).toBe(
      [
        "problem,family,answers,right,accuracy,parseable,tokens,masked_right,masked_accuracy",
        "0,count_color,2,1,0.5,2,30,0,0",
        "1,relation,2,2,1,2,30,,",
        "",
      ].join("\n"),
    );
  });

  it("holds everything in JSON, with the metrics under their names in the log", () => {
    const read = JSON.parse(evaluationJson(evaluation)) as Record<string, unknown>;
    expect(read).toMatchObject({
      finished: false,
      subject: { model: "shapes-vlm" },
      plan: { seed: 2026 },
      summary: { metrics: { "val/accuracy_reward": 0.75 } },
    });
    expect(read.seen).toEqual(evaluation.seen);
  });

  it("has a name that every file system takes", () => {
    const { subject } = evaluation;
    const trained = { ...evaluation, subject: { ...subject, model: "HF/Qwen2.5-VL", adapter: "trained, step 12" } };
    expect(evaluationFileName(trained, "csv")).toBe("evaluation-hf-qwen2-5-vl-trained-step-12.csv");
    expect(evaluationFileName(evaluation, "json")).toBe("evaluation-shapes-vlm-base.json");
  });
});
