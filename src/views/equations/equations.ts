// THE table of equations the page explains: symbols, the same with a token's own numbers put in, where the paper and the official
// trainer have it, and which function here computes it. LaTeX is turned into MathML when the page is built
// (scripts/mathmlPlugin.ts); `\slot{name}` is where a number goes, `,\quad` where a line may end. Nothing is computed here;
// docs/maths.md names the tests.

/** A place in the official trainer: path in the repository, function, lines. */
export interface OfficialPlace {
  readonly file: string;
  readonly function: string;
  readonly lines?: readonly [first: number, last: number];
}

export interface EquationRow {
  readonly title: string;
  readonly latex: string;
  /** With slots for numbers; the names are the keys of `EquationValues`. */
  readonly numbers: string;
  readonly slots: readonly string[];
  /** Where the paper (arXiv 2510.09285) has it; null where it does not. */
  readonly paper: string | null;
  readonly official: OfficialPlace | null;
  /** File in src/rl/ and the function in it. */
  readonly code: { readonly file: string; readonly function: string };
  /** One sentence. */
  readonly meaning: string;
}

const dpActor = (first: number, last: number): OfficialPlace => ({
  file: "verl/workers/actor/dp_actor.py",
  function: "update_policy",
  lines: [first, last],
});
const policyLoss: OfficialPlace = {
  file: "verl/trainer/core_algos.py",
  function: "compute_policy_loss",
  lines: [458, 499],
};

export const equations = {
  dependency: {
    title: "Visual dependency",
    latex: String.raw`S_t = D_{\mathrm{KL}}\!\left(p \,\|\, q\right) = \sum_v p_v \ln\frac{p_v}{q_v}`,
    numbers: String.raw`S_t = \slot{p}\,\ln\frac{\slot{p}}{\slot{q}} + \slot{others} = \slot{result}`,
    slots: ["p", "q", "others", "result"],
    paper: "Eq. 3",
    official: dpActor(402, 405),
    code: { file: "dependency.ts", function: "dependencyOf" },
    meaning:
      "How far the prediction p with the image lies from the prediction q with the masked image, over the whole vocabulary; with numbers: the sampled token's term, and all other tokens together.",
  },
  k3: {
    title: "Visual dependency, estimated",
    latex: String.raw`S_t = \min\!\left(e^{\delta} - \delta - 1,\ 10\right),\quad \delta = \ln q(o_t) - \ln p(o_t)`,
    numbers: String.raw`\delta = \slot{masked} - \slot{logp} = \slot{delta},\quad S_t = e^{\slot{delta}} - \slot{delta} - 1 = \slot{result}`,
    slots: ["masked", "logp", "delta", "result"],
    paper: "App. B",
    official: dpActor(402, 405),
    code: { file: "dependency.ts", function: "k3" },
    meaning: "What the official code takes for the dependency: an estimate from the sampled token alone.",
  },
  jsd: {
    title: "Jensen-Shannon divergence",
    latex: String.raw`S_t = \tfrac12 D_{\mathrm{KL}}(p\,\|\,m) + \tfrac12 D_{\mathrm{KL}}(q\,\|\,m),\quad m = \tfrac12(p + q)`,
    numbers: String.raw`S_t = \slot{result}`,
    slots: ["result"],
    paper: "Table 12",
    official: null,
    code: { file: "dependency.ts", function: "dependencyMeasures" },
    meaning: "A symmetric measure of how far the two predictions lie apart; at most ln 2.",
  },
  top1Drop: {
    title: "Top-1 drop",
    latex: String.raw`S_t = \max_v p_v - q_{v^*},\quad v^* = \arg\max_v p_v`,
    numbers: String.raw`S_t = \slot{result}`,
    slots: ["result"],
    paper: "Table 12",
    official: null,
    code: { file: "dependency.ts", function: "dependencyMeasures" },
    meaning: "How much probability the most likely token loses without the image.",
  },
  meanDependency: {
    title: "Mean dependency of an answer",
    latex: String.raw`\bar S_i = \frac{1}{T_i} \sum_t S_t`,
    numbers: String.raw`\bar S_i = \frac{\slot{sum}}{\slot{count}} = \slot{result}`,
    slots: ["sum", "count", "result"],
    paper: "Eq. 5",
    official: dpActor(488, 494),
    code: { file: "shaping.ts", function: "meanDependency" },
    meaning: "The mean over all tokens of the answer, kept or not.",
  },
  reward: {
    title: "Reward",
    latex: String.raw`R_i = \begin{cases} 1 & \operatorname{answer}(o_i) \equiv \text{truth} \\ 0 & \text{else} \end{cases}`,
    numbers: String.raw`R_i = \operatorname{grade}\!\left(\slot{given},\;\slot{truth}\right) = \slot{result}`,
    slots: ["given", "truth", "result"],
    paper: "Sec. 3",
    official: { file: "examples/reward_function/math.py", function: "compute_score_wo_format", lines: [51, 66] },
    code: { file: "reward/grade.ts", function: "grade" },
    meaning: "The official reward: 1 when the content of the last \\boxed{} is graded as the known answer, else 0.",
  },
  advantage: {
    title: "Group advantage",
    latex: String.raw`A_i = \frac{R_i - \operatorname{mean} R}{\operatorname{sd} R + 10^{-6}}`,
    numbers: String.raw`A_i = \frac{\slot{reward} - \slot{mean}}{\slot{sd} + 10^{-6}} = \slot{result}`,
    slots: ["reward", "mean", "sd", "result"],
    paper: "Eq. 1",
    official: { file: "verl/trainer/core_algos.py", function: "compute_grpo_outcome_advantage", lines: [175, 216] },
    code: { file: "advantage.ts", function: "groupAdvantages" },
    meaning: "The answer's reward against the other answers to the same question, in standard deviations (n − 1).",
  },
  rewardShaping: {
    title: "Advantage of shaped rewards",
    latex: String.raw`A_i = \frac{\alpha_i R_i - \operatorname{mean}(\alpha R)}{\operatorname{sd}(\alpha R) + 10^{-6}}`,
    numbers: String.raw`A_i = \frac{\slot{alpha} \cdot \slot{reward} - \slot{mean}}{\slot{sd} + 10^{-6}} = \slot{result}`,
    slots: ["alpha", "reward", "mean", "sd", "result"],
    paper: "Table 7",
    official: null,
    code: { file: "rewardShaping.ts", function: "rewardShapedAdvantages" },
    meaning: "The paper's alternative: the factor is on the reward, before the group is compared.",
  },
  betaMax: {
    title: "Upper end of the factor",
    latex: String.raw`\beta_{\max} = \beta_{\min} + \frac{1 - \beta_{\min}}{\operatorname{mean} z}`,
    numbers: String.raw`\beta_{\max} = \slot{betaMin} + \frac{1 - \slot{betaMin}}{\slot{meanZ}} = \slot{result}`,
    slots: ["betaMin", "meanZ", "result"],
    paper: "Eq. 5",
    official: dpActor(497, 523),
    code: { file: "shaping.ts", function: "shapeAdvantages" },
    meaning: "Chosen so that the factors have a mean of 1.",
  },
  shaping: {
    title: "Advantage shaping",
    latex: String.raw`\alpha_i = \beta_{\min} + z_i\,(\beta_{\max} - \beta_{\min}),\quad z_i = \frac{\bar S_i - \min \bar S}{\max \bar S - \min \bar S}`,
    numbers: String.raw`z_i = \frac{\slot{mean} - \slot{low}}{\slot{high} - \slot{low}} = \slot{z},\quad \alpha_i = \slot{betaMin} + \slot{z}\,(\slot{betaMax} - \slot{betaMin}) = \slot{result}`,
    slots: ["mean", "low", "high", "z", "betaMin", "betaMax", "result"],
    paper: "Eq. 5",
    official: dpActor(497, 523),
    code: { file: "shaping.ts", function: "shapeAdvantages" },
    meaning: "Answers that depend more on the image count more.",
  },
  tokenFilter: {
    title: "Token filter",
    latex: String.raw`m_t = \begin{cases} 1 & S_t \ge S_{(K)} \\ 0 & \text{else} \end{cases},\quad K = \lceil k\,T_i \rceil`,
    numbers: String.raw`K = \lceil \slot{k} \cdot \slot{count} \rceil = \slot{kept},\quad \slot{dependency} \;\slot{sign}\; \slot{threshold} \;\Rightarrow\; m_t = \slot{result}`,
    slots: ["k", "count", "kept", "dependency", "sign", "threshold", "result"],
    paper: "Eq. 4",
    official: dpActor(398, 431),
    code: { file: "tokenFilter.ts", function: "filterTokens" },
    meaning: "Only the K tokens of the answer that depend most on the image receive the policy gradient.",
  },
  entropyFilter: {
    title: "Token filter by entropy",
    latex: String.raw`m_t = \begin{cases} 1 & H_t \ge H_{(K)} \\ 0 & \text{else} \end{cases},\quad K = \lceil k_H\,T_i \rceil`,
    numbers: String.raw`K = \lceil \slot{k} \cdot \slot{count} \rceil = \slot{kept} \;\Rightarrow\; m_t = \slot{result}`,
    slots: ["k", "count", "kept", "result"],
    paper: "Table 4",
    official: dpActor(325, 353),
    code: { file: "tokenSelection.ts", function: "selectTokens" },
    meaning: "A baseline: the K tokens with the most uncertain prediction are kept.",
  },
  eitherFilter: {
    title: "Token filter by dependency or entropy",
    latex: String.raw`m_t = \max\!\left(m^S_t,\ m^H_t\right)`,
    numbers: String.raw`m_t = \slot{result},\quad \sum_t m_t = \slot{kept}`,
    slots: ["result", "kept"],
    paper: null,
    official: dpActor(428, 429),
    code: { file: "tokenSelection.ts", function: "selectTokens" },
    meaning: "Kept is what either filter keeps.",
  },
  randomFilter: {
    title: "Random tokens",
    latex: String.raw`m_t = \begin{cases} 1 & u_t \ge u_{(K)} \\ 0 & \text{else} \end{cases},\quad u_t \sim U(0, 1),\quad K = \lceil k\,T_i \rceil`,
    numbers: String.raw`K = \lceil \slot{k} \cdot \slot{count} \rceil = \slot{kept} \;\Rightarrow\; m_t = \slot{result}`,
    slots: ["k", "count", "kept", "result"],
    paper: "Table 4",
    official: null,
    code: { file: "tokenSelection.ts", function: "selectTokens" },
    meaning: "A baseline: as many tokens, drawn at random.",
  },
  softMask: {
    title: "Soft mask",
    latex: String.raw`m_t = \frac{1}{1 + e^{c - z_t}},\quad z_t = \frac{S_t - \bar S_i}{\operatorname{sd} S},\quad \operatorname{mean} m = k`,
    numbers: String.raw`\operatorname{mean} m = \slot{k},\quad S_t = \slot{dependency} \;\Rightarrow\; m_t = \slot{result}`,
    slots: ["k", "dependency", "result"],
    paper: "App. I",
    official: null,
    code: { file: "softMask.ts", function: "softMask" },
    meaning: "Every token counts by how far its dependency lies above the answer's mean; c makes the mean weight k.",
  },
  allTokens: {
    title: "No token filter",
    latex: "m_t = 1",
    numbers: String.raw`m_t = \slot{result}`,
    slots: ["result"],
    paper: "Eq. 2",
    official: policyLoss,
    code: { file: "tokenSelection.ts", function: "selectTokens" },
    meaning: "In this method every token of the answer receives the policy gradient.",
  },
  weight: {
    title: "Weight of a token",
    latex: String.raw`w_t = A_i\,\alpha_i\,m_t`,
    numbers: String.raw`w_t = \slot{advantage} \cdot \slot{alpha} \cdot \slot{mask} = \slot{result}`,
    slots: ["advantage", "alpha", "mask", "result"],
    paper: "Eq. 6",
    official: dpActor(497, 523),
    code: { file: "vppo.ts", function: "previewUpdate" },
    meaning:
      "How strongly the update pushes the token: up when positive, down when negative, not at all when it is filtered out.",
  },
  weightOfShapedReward: {
    title: "Weight of a token",
    latex: String.raw`w_t = A_i\,m_t`,
    numbers: String.raw`w_t = \slot{advantage} \cdot \slot{mask} = \slot{result}`,
    slots: ["advantage", "mask", "result"],
    paper: "Table 7",
    official: null,
    code: { file: "vppo.ts", function: "previewUpdate" },
    meaning: "How strongly the update pushes the token; the factor of shaping is inside the advantage already.",
  },
  clippedLoss: {
    title: "Clipped loss of a token",
    latex: String.raw`L_t = \max\!\left(-A'_i \rho_t,\ -A'_i \operatorname{clip}(\rho_t)\right),\quad \rho_t = \frac{\pi(o_t)}{\pi_{\mathrm{old}}(o_t)},\quad A'_i = \alpha_i A_i`,
    numbers: String.raw`\rho_t = e^{\slot{logp} - \slot{logpOld}} = \slot{ratio},\quad L_t = \max\!\left(- \slot{advantage} \cdot \slot{ratio},\ - \slot{advantage} \cdot \slot{clipped}\right) = \slot{result}`,
    slots: ["logp", "logpOld", "ratio", "advantage", "clipped", "result"],
    paper: "Eq. 6",
    official: policyLoss,
    code: { file: "loss.ts", function: "clippedTerms" },
    meaning:
      "Minimising it makes tokens of good answers likelier, but only until the ratio to the policy that sampled leaves [1 − ε_low, 1 + ε_high].",
  },
  sequenceLoss: {
    title: "Clipped loss with one ratio per answer",
    latex: String.raw`L_t = \max\!\left(-A'_i \rho_i,\ -A'_i \operatorname{clip}(\rho_i)\right),\quad \rho_i = \exp\!\left(\frac{1}{T_i}\sum_t \ln\frac{\pi(o_t)}{\pi_{\mathrm{old}}(o_t)}\right)`,
    numbers: String.raw`\rho_i = \slot{ratio},\quad L_t = \max\!\left(- \slot{advantage} \cdot \slot{ratio},\ - \slot{advantage} \cdot \slot{clipped}\right) = \slot{result}`,
    slots: ["ratio", "advantage", "clipped", "result"],
    paper: null,
    official: policyLoss,
    code: { file: "loss.ts", function: "clippedTerms" },
    meaning: "GSPO: all tokens of an answer share the geometric mean of their ratios.",
  },
  weightedLogProb: {
    title: "Clipped ratio as a weight",
    latex: String.raw`L_t = -A'_i \operatorname{clip}(\rho_t)\,\ln\pi(o_t)`,
    numbers: String.raw`L_t = - \slot{advantage} \cdot \slot{clipped} \cdot \slot{logp} = \slot{result}`,
    slots: ["advantage", "clipped", "logp", "result"],
    paper: null,
    official: policyLoss,
    code: { file: "loss.ts", function: "clippedTerms" },
    meaning: "CISPO: the clipped ratio is a constant weight of the log-probability, so that no token loses its gradient.",
  },
  dualClip: {
    title: "Dual clip",
    latex: String.raw`A'_i < 0:\quad L_t \le -c\,A'_i`,
    numbers: String.raw`L_t \le - \slot{c} \cdot \slot{advantage} = \slot{result}`,
    slots: ["c", "advantage", "result"],
    paper: null,
    official: policyLoss,
    code: { file: "loss.ts", function: "clippedTerms" },
    meaning: "A bad answer whose tokens have become much likelier cannot dominate the loss.",
  },
  loss: {
    title: "Loss",
    latex: String.raw`L = \frac{1}{N} \sum_i \sum_t m_t L_t + \lambda\,\frac{1}{N} \sum_i \sum_t \left(-\ln\pi(o_t)\right)`,
    numbers: String.raw`L = \slot{policy} + \slot{lambda} \cdot \slot{surprise} = \slot{result}`,
    slots: ["policy", "lambda", "surprise", "result"],
    paper: "Eq. 6",
    official: dpActor(537, 571),
    code: { file: "loss.ts", function: "microBatchLoss" },
    meaning: "Averaged over all N tokens, filtered or not; the second term, on every token, discourages randomness.",
  },
  lossOfMeans: {
    title: "Loss, answer by answer",
    latex: String.raw`L = \frac{1}{n} \sum_i \frac{1}{T_i} \sum_t m_t L_t + \lambda\,\frac{1}{N} \sum_i \sum_t \left(-\ln\pi(o_t)\right)`,
    numbers: String.raw`L = \slot{policy} + \slot{lambda} \cdot \slot{surprise} = \slot{result}`,
    slots: ["policy", "lambda", "surprise", "result"],
    paper: "Eq. 2",
    official: { file: "verl/trainer/core_algos.py", function: "average_loss" },
    code: { file: "aggregation.ts", function: "averageWeights" },
    meaning: "Averaged over each answer's tokens first, then over the n answers.",
  },
  penalties: {
    title: "Further penalties",
    latex: String.raw`L \leftarrow L + \beta\,D_{\mathrm{KL}}(\pi\,\|\,\pi_{\mathrm{ref}}) - \gamma\,D_{\mathrm{KL}}(\pi\,\|\,\pi') + \dots`,
    numbers: String.raw`L = \slot{base} + \slot{penalties} = \slot{result}`,
    slots: ["base", "penalties", "result"],
    paper: null,
    official: dpActor(549, 560),
    code: { file: "penalties.ts", function: "activePenalties" },
    meaning: "The KL to the model without its adapter and PAPO's terms, where they are switched on.",
  },
  gradient: {
    title: "Gradient of a token",
    latex: String.raw`\frac{\partial L}{\partial \ln\pi(o_t)} = -\frac{m_t A'_i\,\rho_t + \lambda}{N}`,
    numbers: String.raw`- \frac{\slot{weight} \cdot \slot{ratio} + \slot{lambda}}{\slot{count}} = \slot{result}`,
    slots: ["weight", "ratio", "lambda", "count", "result"],
    paper: "Eq. 6",
    official: dpActor(537, 571),
    code: { file: "vppo.ts", function: "policyUpdate" },
    meaning:
      "What backpropagation starts from: negative pushes the token's probability up; where the ratio is clipped, only λ is left.",
  },
  move: {
    title: "Move of a token",
    latex: String.raw`\Delta_t = \ln\pi_{\mathrm{after}}(o_t) - \ln\pi_{\mathrm{before}}(o_t)`,
    numbers: String.raw`\Delta_t = \slot{after} - \slot{before} = \slot{result}`,
    slots: ["after", "before", "result"],
    paper: null,
    official: null,
    code: { file: "tokenMoves.ts", function: "measureMoves" },
    meaning: "Measured: the same answer scored again after the step; filtered tokens move only because they share weights.",
  },
} as const satisfies Readonly<Record<string, EquationRow>>;

export type EquationId = keyof typeof equations;

/** What goes into the slots of an equation: numbers, or words as they are to be shown. */
export type EquationValues<Id extends EquationId> = Readonly<Record<(typeof equations)[Id]["slots"][number], number | string>>;

/** The paper. */
export const paperUrl = "https://arxiv.org/abs/2510.09285";

const officialUrl = "https://github.com/huaixuheqing/VPPO-RL/blob/a23c54b";

/** The address of a place in the official trainer. */
export function officialHref({ file, lines }: OfficialPlace): string {
  return `${officialUrl}/${file}${lines ? `#L${lines[0]}-L${lines[1]}` : ""}`;
}
