// THE table of plotted numbers: each row is a chart, a column of the CSV and a status value. Keys are the names of the official
// logger where it has one (see `rl/policyMetrics.ts`); a step report that lacks a key simply leaves a gap.

/** One plotted number of a training step. */
export interface Metric {
  readonly key: string;
  readonly label: string;
  readonly unit: string;
  readonly help: string;
  readonly better?: "higher" | "lower";
  /** Fixed axis, where the number has one. */
  readonly domain?: readonly [number, number];
  readonly format: "number" | "percent" | "integer";
  /** Metrics with the same chart are drawn as lines of one chart; the first one names it. */
  readonly chart: string;
}

/** All charts in their order. */
export const metricsTable: readonly Metric[] = [
  {
    key: "reward/overall",
    label: "Reward",
    unit: "",
    help: "Mean reward of the step's rollouts; 1 is a right answer.",
    better: "higher",
    domain: [0, 1],
    format: "number",
    chart: "reward",
  },
  {
    key: "reward/accuracy",
    label: "Accuracy, rollouts",
    unit: "",
    help: "Share of the step's rollouts that are right, over all that were sampled.",
    better: "higher",
    domain: [0, 1],
    format: "percent",
    chart: "accuracy",
  },
  {
    key: "val/accuracy",
    label: "Accuracy, held out",
    unit: "",
    help: "Share of right answers on problems that are never trained on.",
    better: "higher",
    domain: [0, 1],
    format: "percent",
    chart: "accuracy",
  },
  {
    key: "val/accuracy_masked",
    label: "Accuracy, image masked",
    unit: "",
    help: "The same with the image masked: what guessing gives.",
    domain: [0, 1],
    format: "percent",
    chart: "accuracy",
  },
  {
    key: "actor/sensitivity_score_mean",
    label: "Mean dependency",
    unit: "nats",
    help: "Mean visual dependency of the rollouts' tokens.",
    better: "higher",
    format: "number",
    chart: "dependency",
  },
  {
    key: "actor/perception_token_fraction",
    label: "Kept tokens",
    unit: "",
    help: "Share of tokens that received a gradient.",
    domain: [0, 1],
    format: "percent",
    chart: "kept",
  },
  {
    key: "vppo/kept_dependency_share",
    label: "Dependency on kept tokens",
    unit: "",
    help: "Share of the total visual dependency that lies on kept tokens.",
    domain: [0, 1],
    format: "percent",
    chart: "kept",
  },
  {
    key: "vppo/alpha_min",
    label: "α, lowest",
    unit: "",
    help: "Smallest factor on an advantage in this step.",
    format: "number",
    chart: "alpha",
  },
  {
    key: "vppo/alpha_max",
    label: "α, highest",
    unit: "",
    help: "Largest factor on an advantage in this step.",
    format: "number",
    chart: "alpha",
  },
  {
    key: "actor/dynamic_scaling_max",
    label: "β_max",
    unit: "",
    help: "Upper end of the scaling, chosen so that the mean factor is 1.",
    format: "number",
    chart: "betaMax",
  },
  {
    key: "actor/pg_loss",
    label: "Policy loss",
    unit: "",
    help: "The clipped loss before the entropy penalty.",
    format: "number",
    chart: "loss",
  },
  {
    key: "actor/entropy_loss",
    label: "Surprise",
    unit: "nats",
    help: "Mean negative log-probability of the sampled tokens.",
    format: "number",
    chart: "entropy",
  },
  {
    key: "actor/grad_norm",
    label: "Gradient norm",
    unit: "",
    help: "Length of the gradient before it is clipped.",
    format: "number",
    chart: "gradNorm",
  },
  {
    key: "actor/ppo_kl",
    label: "KL to the sampler",
    unit: "nats",
    help: "How far this update's policy is from the one that sampled.",
    format: "number",
    chart: "ppoKl",
  },
  {
    key: "actor/pg_clipfrac_higher",
    label: "Clipped above",
    unit: "",
    help: "Share of tokens whose gradient stopped at the upper clip.",
    format: "percent",
    chart: "clip",
  },
  {
    key: "actor/pg_clipfrac_lower",
    label: "Clipped below",
    unit: "",
    help: "Share of tokens where the dual clip acted.",
    format: "percent",
    chart: "clip",
  },
  {
    key: "response_length/mean",
    label: "Answer length",
    unit: "tokens",
    help: "Mean number of tokens of a rollout.",
    format: "number",
    chart: "length",
  },
  {
    key: "perf/throughput",
    label: "Speed",
    unit: "tokens/s",
    help: "Tokens sampled and trained on per second of the step.",
    better: "higher",
    format: "number",
    chart: "speed",
  },
];
