import { describe, expect, it } from "vitest";
import type { ArmSummary } from "@/study/results";
import { durationText, listText, percentText, plotSentence, pointsText, runsText, verdictOf } from "./wording";

const nothing = { value: Number.NaN, low: Number.NaN, high: Number.NaN, problems: 0 };
const row = (label: string, difference?: readonly [number, number, number], seeds = 5): ArmSummary => ({
  label,
  arm: label.toLowerCase(),
  seeds,
  accuracy: nothing,
  masked: nothing,
  stepsToTarget: nothing,
  reached: 0,
  againstFirst: difference ? { low: difference[0], difference: difference[1], high: difference[2], problems: seeds } : null,
});
const vppo = row("VPPO");

describe("verdictOf", () => {
  it("says so when no interval excludes zero, and what is not ruled out", () => {
    expect(verdictOf("Method", [vppo, row("DAPO", [-0.012, 0.004, 0.02]), row("GRPO", [-0.031, -0.01, 0.011])])).toBe(
      "No row differs from VPPO by more than its interval: what is seen may be chance, and a true difference of up to 3.1 points is not ruled out.",
    );
    expect(verdictOf("Method", [vppo, row("DAPO", [-0.012, 0.004, 0.02])])).toMatch(/^DAPO does not differ from VPPO/);
  });

  it("names the rows that differ, with size, direction and interval, and counts the comparisons", () => {
    const text = verdictOf("Method", [
      vppo,
      row("DAPO", [-0.07, -0.041, -0.012]),
      row("GRPO", [-0.03, 0, 0.03]),
      row("TAS", [0.01, 0.02, 0.03]),
    ]);
    expect(text).toContain("DAPO is 4.1 points lower than VPPO (95 %: 1.2 to 7.0, 5 seeds).");
    expect(text).toContain("TAS is 2.0 points higher than VPPO (95 %: 1.0 to 3.0, 5 seeds).");
    expect(text).toContain("GRPO does not differ from VPPO by more than its interval");
    expect(text).toContain("with 3 of them");
  });

  it("names rows that are only numbers by what the table varies", () => {
    expect(verdictOf("k, at β_min = 0.9", [row("0.2"), row("0.4", [-0.07, -0.041, -0.012])])).toBe(
      "k = 0.4 is 4.1 points lower than k = 0.2 (95 %: 1.2 to 7.0, 5 seeds).",
    );
  });

  it("compares nothing without two seeds of both", () => {
    expect(verdictOf("Method", [vppo, row("DAPO")])).toMatch(/^Too few runs/);
    expect(verdictOf("Method", [vppo, row("DAPO", [Number.NaN, -0.1, Number.NaN], 1)])).toMatch(/^Too few runs/);
    expect(verdictOf("Method", [vppo])).toBe("There is nothing to compare with.");
    expect(verdictOf("Method", [vppo, row("DAPO", [-0.1, 0, 0.1]), row("GRPO", [Number.NaN, 0.2, Number.NaN], 1)])).toContain(
      "GRPO: too few runs to compare.",
    );
  });
});

describe("words", () => {
  it("print shares, points, durations, counts and lists", () => {
    expect([0.7241, -0.031, -0.0001, Number.NaN].map(percentText)).toEqual(["72.4", "−3.1", "0.0", "–"]);
    expect([0.041, -0.041, 0.0001, 0, Number.NaN].map(pointsText)).toEqual(["+4.1", "−4.1", "0.0", "0.0", "–"]);
    expect([0.2, 40, 300, 7260].map(durationText)).toEqual(["1 s", "40 s", "5 min", "2 h 1 min"]);
    expect([runsText(3, 51), runsText(51, 51), runsText(1, 1)]).toEqual(["3 of 51 runs", "51 runs", "1 run"]);
    expect([listText([]), listText(["a"]), listText(["a", "b", "c"])]).toEqual(["", "a", "a, b and c"]);
  });

  it("tell a plot row by row", () => {
    const rows = [
      { label: "VPPO", value: 0.75, low: 0.7, high: 0.8 },
      { label: "DAPO", value: 0.5, low: Number.NaN, high: Number.NaN },
      { label: "GRPO", value: Number.NaN, low: Number.NaN, high: Number.NaN },
    ];
    expect(plotSentence("Accuracy, %", rows, percentText)).toBe(
      "Accuracy, %. VPPO 75.0 (95 %: 70.0 to 80.0); DAPO 50.0; GRPO not measured",
    );
  });
});
