// Rows of the method: which tokens receive the gradient, what scales a rollout's advantage, and how dependency is measured (paper
// section 3 and Tables 2 to 7 and 12). Defaults are the official ones of `rl/settings.ts`.

import { trainDefaults } from "@/protocol/training";
import { dependencyMeasures } from "@/rl/dependency";
import { officialDefaults } from "@/rl/settings";
import { knobsOfPolicy, presets } from "../presets";
import type { Setting, Settings } from "../settings";

const measureOptions = Object.entries(dependencyMeasures).map(([value, { label, help }]) => ({ value, label, help }));
const presetOptions = Object.entries(presets).map(([value, { label, help }]) => ({ value, label, help }));
const defaults = knobsOfPolicy(officialDefaults);

const selectsBy =
  (...rules: readonly Settings["tokenSelection"][]) =>
  ({ tokenSelection }: Settings) =>
    rules.includes(tokenSelection);
const shapes = { when: ({ shaping }: Settings) => shaping !== "off", why: "nothing is scaled in this method." };

/** The method's knobs, in the order of their controls. */
export const methodRows: readonly Setting[] = [
  {
    kind: "number",
    key: "keepRatio",
    label: "Keep k",
    group: "method",
    urlKey: "k",
    default: defaults.keepRatio,
    min: 0.001,
    max: 1,
    sliderMin: 0.05,
    step: 0.01,
    limitReason: "with k = 0 no token would receive a gradient",
    help: "Share of each rollout's tokens that receive a gradient: those that depend most on the image. The paper says top-k %; the official code rounds k·T up, in 32-bit numbers.",
    formula: "m_t = 1 for the ⌈k·T⌉ tokens with the largest S_t, else 0",
    official: "algorithm.top_p_perception_tokens",
    appliesTo: { when: selectsBy("dependency", "either", "random", "soft"), why: "this method does not choose by k." },
  },
  {
    kind: "number",
    key: "betaMin",
    label: "β_min",
    group: "method",
    urlKey: "bmin",
    default: defaults.betaMin,
    min: 0,
    max: 1,
    step: 0.01,
    help: "Lowest factor on a rollout's advantage. Rollouts that look more get a larger one; the mean stays 1.",
    formula: "α = β_min + z·(β_max − β_min),  β_max = β_min + (1 − β_min) / mean z",
    official: "algorithm.advantage_scaling_min",
    appliesTo: shapes,
  },
  {
    kind: "choice",
    key: "preset",
    label: "Method",
    group: "method",
    urlKey: "preset",
    default: "vppo",
    options: presetOptions,
    help: "Where filter, shaping and the constants start from.",
  },
  {
    kind: "choice",
    key: "dependencyMeasure",
    label: "Dependency",
    group: "method",
    urlKey: "dep",
    default: defaults.dependencyMeasure,
    options: measureOptions,
    help: "How the change of a token's distribution under the masked image is measured. The paper defines it as the KL over the vocabulary; the official code estimates it from the sampled token (k3).",
    formula: "S_t = KL(π(·|image) ‖ π(·|masked image))",
    official: "none: k3 is fixed in dp_actor.py; the others are the paper's Table 12",
  },
  {
    kind: "choice",
    key: "tokenSelection",
    label: "Tokens",
    group: "method",
    urlKey: "sel",
    default: defaults.tokenSelection,
    options: [
      { value: "dependency", label: "Most dependent", help: "The k·T tokens that depend most on the image (TGF)." },
      { value: "entropy", label: "Highest entropy", help: "The tokens the policy was least sure of (paper, Table 4)." },
      {
        value: "either",
        label: "Dependent or unsure",
        help: "Union of both choices, as the official code does with both flags.",
      },
      { value: "random", label: "Random", help: "As many tokens, drawn at random (paper, Table 4)." },
      {
        value: "soft",
        label: "Soft mask",
        help: "Every token, weighted smoothly by its dependency; the mean weight is k (paper, Table 6).",
      },
      { value: "all", label: "All", help: "No filter." },
    ],
    help: "Which tokens receive the policy gradient. The average is taken over all tokens in any case, as in the official code.",
    formula: "L = (1/N) Σ m_t·L_t − λ·log π",
    official: "algorithm.use_vppo_on_perception, use_vppo_on_entropy; random and soft are in the paper only",
  },
  {
    kind: "number",
    key: "entropyKeepRatio",
    label: "Keep by entropy",
    group: "method",
    urlKey: "kent",
    default: defaults.entropyKeepRatio,
    min: 0.001,
    max: 1,
    sliderMin: 0.05,
    step: 0.01,
    limitReason: "with 0 no token would receive a gradient",
    help: "Share of each rollout's tokens that are kept because the policy was unsure.",
    official: "algorithm.top_p_entropy_tokens",
    appliesTo: { when: selectsBy("entropy", "either"), why: "this method does not choose by entropy." },
  },
  {
    kind: "choice",
    key: "shaping",
    label: "Shaping",
    group: "method",
    urlKey: "shape",
    default: defaults.shaping,
    options: [
      { value: "advantage", label: "Advantage", help: "A' = α·A (TAS)." },
      { value: "reward", label: "Reward", help: "R' = α·R, before rewards are compared in their group (paper, Table 7)." },
      { value: "off", label: "Off", help: "α = 1 for every rollout." },
    ],
    help: "What the factor α of a rollout multiplies. The official code shapes advantages, and only where tokens are chosen by dependency: its shaping alone is k = 1.",
    formula: "A' = α·A",
    official: "algorithm.use_advantage_shaping",
  },
  {
    kind: "choice",
    key: "betaMaxRule",
    label: "β_max",
    group: "method",
    urlKey: "bmaxr",
    default: defaults.betaMaxRule,
    options: [
      { value: "dynamic", label: "Mean α = 1", help: "Chosen per micro-batch, so that the mean factor is 1." },
      { value: "fixed", label: "Fixed", help: "A number of your own, as in Table 3 of the paper." },
    ],
    help: "Upper end of the factor on an advantage. The official code knows only the dynamic one.",
    formula: "β_max = β_min + (1 − β_min) / mean z",
    appliesTo: shapes,
  },
  {
    kind: "number",
    key: "betaMax",
    label: "β_max, fixed",
    group: "method",
    urlKey: "bmax",
    default: defaults.betaMax,
    min: 1,
    max: 10,
    sliderMax: 2,
    step: 0.01,
    limitReason: "below 1 every advantage would shrink",
    help: "Largest factor on a rollout's advantage. The paper tried 1.1 and 1.2.",
    formula: "α = β_min + z·(β_max − β_min)",
    appliesTo: {
      when: ({ shaping, betaMaxRule }) => shaping !== "off" && betaMaxRule === "fixed",
      why: "β_max follows from mean α = 1, or nothing is scaled.",
    },
  },
  {
    kind: "number",
    key: "maskDraws",
    label: "Masks averaged",
    group: "method",
    urlKey: "mdraws",
    default: trainDefaults.maskDraws,
    min: 1,
    max: 16,
    sliderMax: 8,
    step: 1,
    integer: true,
    help: "Masks over which a token's dependency is averaged in training. The official code draws one; more make S steadier and cost a pass each.",
    official: "none",
    appliesTo: {
      when: ({ maskStrategy }) => maskStrategy === "patch_blackening" || maskStrategy === "gaussian_noise",
      why: "this mask is not random, so every draw is the same.",
    },
  },
];
