import { describe, expect, it } from "vitest";
import type { PrecisionChoice } from "@/protocol/model";
import { modelCatalogue, parametersOf } from "./modelCatalogue";
import { bitsPerWeight, estimateFit, estimateMemoryBytes, estimateWeightBytes, precisionText } from "./modelEstimate";

const model = (id: string) => modelCatalogue.find((one) => one.id === id)!;
const all = (format: PrecisionChoice["text"]): PrecisionChoice => ({ text: format, vision: format, head: format, groupSize: 32 });

describe("the catalogue", () => {
  it("has parameter counts that add up to those of the instantiated models", () => {
    const totals = {
      "HuggingFaceTB/SmolVLM-256M-Instruct": 256.48,
      "HuggingFaceTB/SmolVLM-500M-Instruct": 507.48,
      "HuggingFaceTB/SmolVLM2-2.2B-Instruct": 2246.8,
      "Qwen/Qwen2.5-VL-3B-Instruct": 3754.6,
      "Qwen/Qwen2.5-VL-7B-Instruct": 8292.2,
      "Qwen/Qwen3-VL-2B-Instruct": 2127.5,
      "Qwen/Qwen3-VL-4B-Instruct": 4437.8,
      "Qwen/Qwen3-VL-8B-Instruct": 8767.1,
    };
    for (const [id, millions] of Object.entries(totals)) {
      expect(parametersOf(model(id).sizes) / 1e6 / millions, id).toBeCloseTo(1, 3);
    }
  });

  it("names every model once and says where the licence forbids commercial use", () => {
    expect(new Set(modelCatalogue.map(({ id }) => id)).size).toBe(modelCatalogue.length);
    expect(modelCatalogue.filter(({ restriction }) => restriction).map(({ id }) => id)).toEqual(["Qwen/Qwen2.5-VL-3B-Instruct"]);
  });
});

describe("the estimate", () => {
  it("counts a weight with its share of the group's scale", () => {
    expect(bitsPerWeight("f16", 32)).toBe(16);
    expect(bitsPerWeight("int4", 32)).toBe(5);
    expect(bitsPerWeight("int8", 128)).toBe(8.25);
  });

  it("gives each part its own format", () => {
    const one = model("Qwen/Qwen3-VL-2B-Instruct");
    expect(estimateWeightBytes(one, all("f16"))).toBeCloseTo(parametersOf(one.sizes) * 2);
    const mixed = estimateWeightBytes(one, { ...all("f16"), text: "int4" });
    expect(estimateWeightBytes(one, all("f16")) - mixed).toBeCloseTo(one.sizes.text * 1e6 * (11 / 8));
  });

  it("adds keys and values of the prompt once, of a masked prompt per answer, and of every answer and its twin", () => {
    const one = model("HuggingFaceTB/SmolVLM-256M-Instruct");
    const use = { contextTokens: 1024, answerTokens: 100, rollouts: 4, loraRank: 8 };
    const context = estimateMemoryBytes(one, all("int8"), use) - estimateWeightBytes(one, all("int8"));
    expect(context).toBe((5 * 924 + 8 * 100) * 45 * 1024);
  });

  it("fits as it is, with the gentlest smaller choice, or not at all, by the budget", () => {
    const gib = 2 ** 30;
    const use = { contextTokens: 2048, rollouts: 8, loraRank: 8 };
    const fitOf = (id: string, budgetGiB: number) => estimateFit(model(id), all("int8"), use, budgetGiB * gib);
    const [small, large] = ["HuggingFaceTB/SmolVLM-256M-Instruct", "Qwen/Qwen2.5-VL-7B-Instruct"] as const;
    expect(
      [fitOf(small, 2), fitOf(small, 0.5), fitOf(large, 2), fitOf(large, 6), fitOf(large, 16)].map(({ fits, changes }) => [
        fits,
        changes,
      ]),
    ).toEqual([
      [true, ""],
      [true, "512 tokens"],
      [false, ""],
      [true, "int4, 512 tokens"],
      [true, ""],
    ]);
    expect(fitOf(small, 2).needs).toBeLessThanOrEqual(2 * gib);
    expect(fitOf(large, 16).needs).toBe(estimateMemoryBytes(model(large), all("int8"), use));
  });

  it("is put in words by part only where the parts differ", () => {
    expect(precisionText(all("int8"))).toBe("int8");
    expect(precisionText({ ...all("int4"), vision: "f16", head: "int8" })).toBe("int4 text, f16 vision, int8 head");
  });
});
