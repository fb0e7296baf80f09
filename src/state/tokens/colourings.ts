// THE table of numbers a token's colour can show: label, unit, formula and what it says. How each is read from an answer is in
// `colouringValues.ts`; which colour stands for which value is `ui/color`'s business.

/** What colour can stand for. */
export type ColourBy = "dependency" | "deltaLogp" | "logp" | "entropy" | "advantage" | "weight" | "gradient";

/** One row of the picker. */
export interface Colouring {
  readonly label: string;
  /** Empty for numbers without a unit; the dependency has the unit of its measure. */
  readonly unit: string;
  /** As plain text; for the dependency, of its measure in `dependencyFormulas`. */
  readonly formula: string;
  readonly help: string;
  /** Signed values use a diverging map with 0 in the middle. */
  readonly signed: boolean;
  /** The least that the upper end of the colours stands for: below it are rounding and noise. */
  readonly floor: number;
}

const noiseNats = 0.05;

/** All numbers, in the order of the picker and of the keys 1 to 7. */
export const colourings: Readonly<Record<ColourBy, Colouring>> = {
  dependency: {
    label: "Visual dependency",
    unit: "nats",
    formula: "S_t",
    help: "How much the token's distribution changes when the image is masked.",
    signed: false,
    floor: noiseNats,
  },
  deltaLogp: {
    label: "Δ log-prob",
    unit: "nats",
    formula: "log p(o_t | image) − log p(o_t | masked)",
    help: "Log-probability of the token with the image minus without: positive where the image spoke for it.",
    signed: true,
    floor: noiseNats,
  },
  logp: {
    label: "Surprise",
    unit: "nats",
    formula: "−log p(o_t | image)",
    help: "Negative log-probability of the token with the image.",
    signed: false,
    floor: noiseNats,
  },
  entropy: {
    label: "Entropy",
    unit: "nats",
    formula: "H_t = −Σ_v p(v) log p(v)",
    help: "How undecided the model was before the token.",
    signed: false,
    floor: noiseNats,
  },
  advantage: {
    label: "Advantage",
    unit: "",
    formula: "A_i = (r_i − mean r) / std r",
    help: "Reward of the rollout against its group: the same for all its tokens, before it is shaped.",
    signed: true,
    floor: noiseNats,
  },
  weight: {
    label: "Weight in the update",
    unit: "",
    formula: "A_i · α_i · m_t",
    help: "What the token's gradient is multiplied with; 0 where it is filtered out.",
    signed: true,
    floor: noiseNats,
  },
  gradient: {
    label: "Gradient kept",
    unit: "",
    formula: "|∂L / ∂log π_t|",
    help: "How strongly a first update on this answer would push the token, penalties included: 0 where nothing of its gradient is kept.",
    signed: false,
    floor: 0,
  },
};

/** All names, in the order of the picker. */
export const colourNames = Object.keys(colourings).filter((name): name is ColourBy => name in colourings);
