import { describe, expect, it } from "vitest";
import { tasks } from "@/tasks/registry";
import { defaultSettings } from "../settings";
import { evaluatedTask, evaluationBlockedBy, evaluationPlanOf, evaluationPresets, presetOf } from "./evaluationPlan";

describe("protocols", () => {
  it("begin with the paper's: accuracy@8 at temperature 1", () => {
    expect(presetOf(defaultSettings)).toBe("paper");
    const { rollouts, sampling } = evaluationPlanOf(defaultSettings);
    expect({ rollouts, ...sampling }).toMatchObject({ rollouts: 8, temperature: 1, topP: 1, topK: 0 });
  });

  it("know PAPO-Eval's top-k and picture size", () => {
    const settings = { ...defaultSettings, ...evaluationPresets.papoEval.knobs };
    expect(presetOf(settings)).toBe("papoEval");
    expect(evaluationPlanOf(settings)).toMatchObject({
      rollouts: 8,
      sampling: { temperature: 1, topP: 1, topK: 50 },
      pixels: { minPixels: 1024, maxPixels: 589_824 },
    });
  });

  it("are the user's own as soon as one knob is turned", () => {
    expect(presetOf({ ...defaultSettings, evalTopP: 0.9 })).toBeNull();
  });
});

describe("evaluatedTask", () => {
  const [first, second] = tasks;

  it("is the training's with its level, until another is chosen", () => {
    const settings = { ...defaultSettings, task: first!.id, difficulty: "2" };
    expect(evaluatedTask(settings)).toEqual({ task: first!.id, difficulty: 2 });
    expect(evaluatedTask({ ...settings, evalDifficulty: "3" })).toEqual({ task: first!.id, difficulty: 3 });
    expect(evaluatedTask({ ...settings, evalTask: second!.id })).toEqual({
      task: second!.id,
      difficulty: second!.defaultDifficulty,
    });
  });

  it("is refused with a level that it does not have", () => {
    expect(evaluationBlockedBy(defaultSettings)).toBeNull();
    const most = Math.max(...first!.difficulties.map(({ value }) => value));
    expect(evaluationBlockedBy({ ...defaultSettings, evalDifficulty: String(most + 1) })).toContain(`no level ${most + 1}`);
    expect(evaluationBlockedBy({ ...defaultSettings, rewardKind: "custom", rewardSource: "" })).toContain("function is empty");
  });
});
