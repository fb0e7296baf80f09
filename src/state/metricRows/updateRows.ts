// Rows of the update beside the main ones: selection and scaling in detail, penalties, and what this project measures of the gradient.

import type { Metric } from "../metrics";
import { metricRow } from "./metricRow";

const share = { domain: [0, 1], format: "percent" } as const;
const nats = { unit: "nats" } as const;

/** Numbers of the policy update, the optimizer and the gradient. */
export const updateRows: readonly Metric[] = [
  metricRow("actor/pg_clipfrac_higher", "clip", "Clipped above", { format: "percent", short: "above" }),
  metricRow("actor/pg_clipfrac_lower", "clip", "Clipped below", { format: "percent", short: "below" }),
  metricRow("vppo/exact_kl_mean", "exactKl", "Exact KL", {
    ...nats,
    help: "Mean over tokens of the KL over the whole vocabulary between picture and masked picture (Eq. 3), whichever measure trains.",
  }),
  metricRow("actor/low_var_kl_threshold", "threshold", "Dependency threshold", nats),
  metricRow("actor/low_var_kl_mean_selected", "selectedDependency", "Dependency of selected tokens", {
    ...nats,
    short: "selected",
  }),
  metricRow("actor/low_var_kl_mean_rejected", "selectedDependency", "Dependency of other tokens", { ...nats, short: "others" }),
  metricRow("actor/global_sensitivity_score_min", "dependencyRange", "Lowest dependency of an answer", {
    ...nats,
    short: "lowest",
  }),
  metricRow("actor/global_sensitivity_score_max", "dependencyRange", "Highest dependency of an answer", {
    ...nats,
    short: "highest",
  }),
  metricRow("actor/entropy_token_fraction", "entropyKept", "Tokens by entropy", share),
  metricRow("actor/entropy_threshold", "entropyThreshold", "Entropy threshold", nats),
  metricRow("actor/entropy_mean_selected", "selectedEntropy", "Entropy of selected tokens", { ...nats, short: "selected" }),
  metricRow("actor/entropy_mean_rejected", "selectedEntropy", "Entropy of other tokens", { ...nats, short: "others" }),
  metricRow("actor/combined_token_fraction", "combinedKept", "Tokens by either", share),
  metricRow("actor/combined_entropy_mean_selected", "combinedEntropy", "Entropy of tokens by either", {
    ...nats,
    short: "selected",
  }),
  metricRow("actor/combined_entropy_mean_rejected", "combinedEntropy", "Entropy of tokens by neither", {
    ...nats,
    short: "others",
  }),
  metricRow("actor/combined_perception_mean_selected", "combinedDependency", "Dependency of tokens by either", {
    ...nats,
    short: "selected",
  }),
  metricRow("actor/combined_perception_mean_rejected", "combinedDependency", "Dependency of tokens by neither", {
    ...nats,
    short: "others",
  }),
  metricRow("actor/lr", "lr", "Learning rate", { help: "Learning rate of the step's last update." }),
  metricRow("actor/entropy_penalty_coef", "entropyCoef", "Weight of the entropy penalty"),
  metricRow("actor/kl_coef", "klCoef", "Weight of the KL"),
  metricRow("actor/kl_penalty", "klPenalty", "KL penalty", {
    ...nats,
    help: "Mean KL to the reference that the official trainer took off the reward.",
  }),
  metricRow("actor/kl_prcp_loss", "papoKl", "PAPO: perception loss", nats),
  metricRow("actor/ori_entropy_loss", "papoEntropy", "PAPO: surprise with the image", { ...nats, short: "image" }),
  metricRow("actor/aug_entropy_loss", "papoEntropy", "PAPO: surprise, image masked", { ...nats, short: "masked" }),
  metricRow("vppo/skipped", "skipped", "Skipped updates", {
    format: "integer",
    help: "Optimizer steps that were left out because loss or gradient was not finite.",
  }),
  metricRow("vppo/updates", "updates", "Updates of a step", {
    format: "integer",
    help: "Optimizer steps that were taken in this step.",
  }),
  metricRow("vppo/move_kept", "moves", "Move of kept tokens", { ...nats, short: "kept" }),
  metricRow("vppo/move_filtered", "moves", "Move of other tokens", { ...nats, short: "others" }),
  metricRow("training/rollout_probs_diff_mean", "rolloutGap", "Rollout against exact: mean |Δπ|", { short: "mean" }),
  metricRow("training/rollout_probs_diff_max", "rolloutGap", "Rollout against exact: largest |Δπ|", { short: "largest" }),
  metricRow("training/rollout_probs_diff_std", "rolloutGap", "Rollout against exact: deviation of |Δπ|", { short: "deviation" }),
  metricRow("vppo/gradient_variance_ratio", "variance", "Gradient variance, measured", { short: "measured", domain: [0, 1] }),
  metricRow("vppo/variance_bound", "variance", "k · E[α²]", { short: "k·E[α²]" }),
  metricRow("vppo/variance_cross_terms", "varianceFactors", "Cross terms of tokens", { short: "1 cross" }),
  metricRow("vppo/variance_advantage_norms", "varianceFactors", "Advantage and norms", { short: "2 Â" }),
  metricRow("vppo/variance_alpha_advantage", "varianceFactors", "α and advantage", { short: "3 α" }),
  metricRow("vppo/variance_mean_gradient", "varianceFactors", "Mean gradient", { short: "4 mean" }),
  metricRow("vppo/variance_token_norms", "varianceFactors", "Norms of kept tokens", { short: "5 norms" }),
];
