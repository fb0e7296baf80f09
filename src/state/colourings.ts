// THE table of numbers a token's colour can show: label, unit, direction and how it is read from a row of token statistics.
// Which colour stands for which value is `ui/color`'s business; values that depend on the update come from `rl/`.

/** What colour can stand for. */
export type ColourBy = "dependency" | "deltaLogp" | "logp" | "entropy" | "weight";

/** One row of the picker. */
export interface Colouring {
  readonly label: string;
  readonly unit: string;
  readonly help: string;
  /** Signed values use a diverging map with 0 in the middle. */
  readonly signed: boolean;
}

/** All numbers, in the order of the picker and of the keys 1 to 5. */
export const colourings: Readonly<Record<ColourBy, Colouring>> = {
  dependency: {
    label: "Visual dependency",
    unit: "nats",
    help: "How much the token's distribution changes when the image is masked.",
    signed: false,
  },
  deltaLogp: {
    label: "Δ log-prob",
    unit: "nats",
    help: "Log-probability of the token with the image minus without: positive where the image spoke for it.",
    signed: true,
  },
  logp: { label: "Surprise", unit: "nats", help: "Negative log-probability of the token with the image.", signed: false },
  entropy: { label: "Entropy", unit: "nats", help: "How undecided the model was before the token.", signed: false },
  weight: {
    label: "Weight in the update",
    unit: "",
    help: "A·α·m: what the token's gradient is multiplied with; 0 where it is filtered out.",
    signed: true,
  },
};
