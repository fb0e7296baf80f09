import { describe, expect, it } from "vitest";
import { policyMetricMeanings } from "./policyMetrics";
import { type PolicySettings, policyPresets } from "./settings";
import type { Trajectory } from "./trajectory";
import { policyUpdate } from "./vppo";

const answer = (reward: number, dependency: readonly number[], entropy: readonly number[]): Trajectory => {
  const logp = Float32Array.from(dependency, () => -1);
  const logpMasked = logp.map((value) => value - 0.5);
  return {
    group: 0,
    reward,
    logp,
    logpOld: logp,
    dependency: Float32Array.from(dependency),
    entropy: Float32Array.from(entropy),
    stream: reward,
    logpReference: logpMasked,
    logpMasked,
  };
};
const batch = [answer(1, [5, 1, 0, 0, 0], [0, 0, 1, 2, 3]), answer(0, [0, 0, 3, 0, 1], [4, 1, 0, 0, 0])];
const metricsOf = (settings: PolicySettings) => policyUpdate(batch, settings).metrics;
const close = (value: number) => expect.closeTo(value, 6);

describe("the metrics of an update", () => {
  it("by dependency and by entropy are means over both sides of each selection", () => {
    expect(metricsOf(policyPresets.vppo)).toMatchObject({
      "actor/perception_token_fraction": close(0.4),
      "actor/low_var_kl_threshold": close(1),
      "actor/low_var_kl_mean_selected": close(10 / 4),
      "actor/low_var_kl_mean_rejected": close(0),
    });
    expect(metricsOf({ ...policyPresets.entropyTokens, entropyKeepRatio: 0.2 })).toMatchObject({
      "actor/entropy_token_fraction": close(0.2),
      "actor/entropy_threshold": close(3.5),
      "actor/entropy_mean_selected": close(3.5),
      "actor/entropy_mean_rejected": close(0.5),
    });
  });

  it("of both selections report each and their union", () => {
    const metrics = metricsOf({ ...policyPresets.vppo, tokenSelection: "either" });
    expect(metrics).toMatchObject({
      "actor/perception_token_fraction": close(0.4),
      "actor/low_var_kl_mean_selected": close(2.5),
      "actor/entropy_token_fraction": close(0.2),
      "actor/combined_token_fraction": close(0.6),
      "actor/combined_entropy_mean_selected": close(7 / 6),
      "actor/combined_entropy_mean_rejected": close(4 / 4),
      "actor/combined_perception_mean_selected": close(10 / 6),
      "actor/combined_perception_mean_rejected": close(0),
    });
  });

  it("of a soft mask weigh each token, and those of random tokens have no threshold", () => {
    const soft = metricsOf(policyPresets.soft);
    expect(soft["actor/perception_token_fraction"]).toBeCloseTo(0.4, 5);
    expect(soft["actor/low_var_kl_mean_selected"]).toBeGreaterThan(soft["actor/low_var_kl_mean_rejected"]!);
    const random = metricsOf(policyPresets.random);
    expect(random["actor/perception_token_fraction"]).toBeCloseTo(0.4, 9);
    expect(random).not.toHaveProperty("actor/low_var_kl_threshold");
  });

  it("name the penalties as the official logs do", () => {
    expect(metricsOf(policyPresets.grpoKl)).toMatchObject({
      "actor/kl_loss": close(Math.exp(-0.5) - 0.5),
      "actor/kl_coef": 0.01,
    });
    expect(metricsOf(policyPresets.papo)).toMatchObject({
      "actor/kl_prcp_loss": close(0.5 - Math.exp(-0.5)),
      "actor/ori_entropy_loss": close(1),
      "actor/aug_entropy_loss": close(1.5),
    });
    expect(metricsOf(policyPresets.dapo)).not.toHaveProperty("actor/kl_loss");
  });

  it("are those of the list, and every name of the list is reported by some method", () => {
    const settings = [...Object.values(policyPresets), { ...policyPresets.vppo, tokenSelection: "either" } as const];
    const reported = new Set(settings.flatMap((each) => Object.keys(metricsOf(each))));
    expect([...reported].sort()).toEqual(Object.keys(policyMetricMeanings).sort());
  });

  it("leave out what a method does not have", () => {
    const names = Object.keys(metricsOf(policyPresets.grpo));
    expect(names.sort()).toEqual(
      ["actor/entropy_loss", "actor/pg_clipfrac_higher", "actor/pg_clipfrac_lower", "actor/pg_loss", "actor/ppo_kl"].sort(),
    );
  });
});
