// Rows of the charts that are always shown: what a run is judged by, and what tells that something is wrong with it.

import type { Metric } from "../metrics";
import { metricRow } from "./metricRow";

const share = { domain: [0, 1], format: "percent" } as const;

/** Numbers of the charts above "More charts". */
export const mainRows: readonly Metric[] = [
  metricRow("reward/overall", "reward", "Reward", {
    short: "rollouts",
    help: "Mean reward of everything the step sampled, before groups without differences are dropped; 1 is a right answer.",
    better: "higher",
    domain: [0, 1],
  }),
  metricRow("val/overall_reward", "reward", "Reward, held out", {
    short: "held out",
    help: "Mean reward on the validation set, as the official trainer logs it.",
    better: "higher",
  }),
  metricRow("reward/accuracy", "accuracy", "Accuracy, rollouts", {
    ...share,
    short: "rollouts",
    help: "Share of right answers over everything the step sampled: the paper's curve of training accuracy.",
    better: "higher",
  }),
  metricRow("val/accuracy_reward", "accuracy", "Accuracy, held out", {
    ...share,
    short: "held out",
    help: "Share of right answers on problems that are never trained on, the mean of several answers per problem.",
    better: "higher",
  }),
  metricRow("val/accuracy_masked", "accuracy", "Accuracy, image masked", {
    ...share,
    short: "image masked",
    help: "Held-out accuracy with the image masked: what guessing gives.",
  }),
  metricRow("actor/sensitivity_score_mean", "dependency", "Mean dependency", { unit: "nats", better: "higher" }),
  metricRow("actor/perception_token_fraction", "kept", "Kept tokens", { ...share, short: "tokens" }),
  metricRow("vppo/kept_dependency_share", "kept", "Dependency on kept tokens", {
    ...share,
    short: "dependency",
    help: "Share of the total visual dependency that lies on kept tokens.",
  }),
  metricRow("vppo/alpha_min", "alpha", "α, lowest", { short: "low", help: "Smallest factor on an advantage in this step." }),
  metricRow("actor/scaling_factor_mean", "alpha", "α, mean", { short: "mean" }),
  metricRow("vppo/alpha_max", "alpha", "α, highest", { short: "high", help: "Largest factor on an advantage in this step." }),
  metricRow("actor/dynamic_scaling_max", "betaMax", "β_max"),
  metricRow("actor/pg_loss", "loss", "Policy loss"),
  metricRow("vppo/entropy_mean", "entropy", "Entropy", {
    unit: "nats",
    short: "true",
    help: "Mean entropy of the distribution each token was drawn from.",
  }),
  metricRow("actor/entropy_loss", "entropy", "Surprise", { unit: "nats", short: "of samples" }),
  metricRow("actor/grad_norm", "gradNorm", "Gradient norm", {
    help: "Length of the gradient before it is clipped; mean over the optimizer steps of this step.",
  }),
  metricRow("actor/ppo_kl", "ppoKl", "KL to the sampler", { unit: "nats" }),
  metricRow("actor/kl_loss", "klLoss", "KL to the reference", { unit: "nats" }),
  metricRow("response_length/mean", "length", "Answer length", {
    unit: "tokens",
    help: "Mean number of tokens of an answer that was learnt from.",
  }),
  metricRow("perf/throughput", "speed", "Speed", {
    unit: "tokens/s",
    help: "Tokens of prompts and answers per second of the step and device.",
    better: "higher",
  }),
  metricRow("vppo/memory_bytes", "memoryNow", "Memory", {
    format: "bytes",
    help: "Bytes of tensors on the device when the step was over: weights, adapter, moments and what is kept between steps.",
    better: "lower",
  }),
];
