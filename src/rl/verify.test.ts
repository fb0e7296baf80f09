import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { isVppoCases, UnknownCasesError, verifyVppoCases } from "./verify";

interface CasesFile {
  inputs?: Record<string, unknown>;
  cases: {
    case: { name: string; rewards?: number[]; config: Record<string, unknown> };
    result: {
      advantages: number[];
      alpha: number[];
      token_mask: number[][];
      pg_loss_per_micro: number[];
      grad_wrt_log_probs: number[][][];
    };
  }[];
}

const read = (name: string): CasesFile =>
  JSON.parse(readFileSync(new URL(`../../fixtures/vppo/${name}`, import.meta.url), "utf8")) as CasesFile;
const failed = (json: unknown) => verifyVppoCases(json).filter((line) => !line.ok);

describe("verifyVppoCases", () => {
  it.each(["cases.json", "named-cases.json"])("agrees with the official code on every quantity of %s", (name) => {
    const json = read(name);
    expect(verifyVppoCases(json)).toHaveLength(6 * json.cases.length);
    expect(failed(json)).toEqual([]);
  });

  it("covers default, gspo_token and cispo, both aggregations and several optimiser steps", () => {
    const { cases } = read("cases.json");
    const values = (key: string) => new Set(cases.map((entry) => entry.case.config[key]));
    expect(values("loss_type")).toEqual(new Set(["default", "gspo_token", "cispo"]));
    expect(values("loss_avg_mode")).toEqual(new Set(["token", "seq"]));
    expect(Math.max(...cases.map((entry) => entry.result.grad_wrt_log_probs.length))).toBeGreaterThan(1);
  });

  it.each<[string, (result: CasesFile["cases"][number]["result"]) => void]>([
    ["advantages", (result) => (result.advantages[0]! += 1e-4)],
    ["alpha", (result) => (result.alpha[0]! += 1e-4)],
    ["mask", (result) => (result.token_mask[0]![0] = 1 - result.token_mask[0]![0]!)],
    ["loss", (result) => (result.pg_loss_per_micro[0]! += 1e-4)],
    ["gradient", (result) => (result.grad_wrt_log_probs[0]![0]![0]! += 1e-4)],
  ])("reports a wrong number in %s and only there", (quantity, spoil) => {
    const json = read("named-cases.json");
    const first = json.cases[0]!;
    spoil(first.result);
    expect(failed(json).map((line) => line.name)).toEqual([`${first.case.name} ${quantity}`]);
  });

  it("recomputes from the inputs: another reward changes advantages, loss and gradient", () => {
    const json = read("cases.json");
    json.cases = [json.cases[0]!];
    json.cases[0]!.case.rewards = [0, 1, 0, 0];
    expect(failed(json).map((line) => line.name.split(" ")[1])).toEqual(
      expect.arrayContaining(["advantages", "loss", "gradient"]),
    );
  });

  it.each([[{}], [[]], [null], ["text"], [{ cases: [{ case: { name: "x" } }] }], [{ height: 30, black_grid: [] }]])(
    "refuses %j and names the supported formats",
    (json) => {
      expect(() => verifyVppoCases(json)).toThrow(UnknownCasesError);
      expect(() => verifyVppoCases(json)).toThrow(/cases\.json.*named-cases\.json/);
      expect(isVppoCases(json)).toBe(false);
    },
  );

  it("refuses a case without inputs and a case that filters by entropy", () => {
    const missing = read("named-cases.json");
    delete missing.inputs;
    expect(isVppoCases(missing)).toBe(true);
    expect(() => verifyVppoCases(missing)).toThrow(/inputs are missing/);
    const entropy = read("named-cases.json");
    entropy.cases[0]!.case.config.use_vppo_on_entropy = true;
    expect(() => verifyVppoCases(entropy)).toThrow(/use_vppo_on_entropy/);
  });
});
