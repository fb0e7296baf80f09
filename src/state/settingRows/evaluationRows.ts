// Rows of evaluation: which held-out problems, and how they are answered. The paper reports accuracy@8 at temperature 1; PAPO-Eval's
// script differs in top-k and picture size. Named sets of these knobs are in `evaluationPlan.ts`.

import { tasks } from "@/tasks/registry";
import type { Setting, SettingOption } from "../settings";

const maxSeed = 0xffffffff;
const asInTraining: SettingOption = { value: "training", label: "As in training" };
const levels = [...new Set(tasks.flatMap(({ difficulties }) => difficulties.map(({ value }) => value)))].sort((a, b) => a - b);

/** The knobs of evaluation, in the order of their controls. */
export const evaluationRows: readonly Setting[] = [
  {
    kind: "choice",
    key: "evalTask",
    label: "Task",
    group: "evaluation",
    urlKey: "etask",
    default: asInTraining.value,
    options: [asInTraining, ...tasks.map(({ id, name }) => ({ value: id, label: name }))],
    help: "Whose held-out problems are answered. They are never trained on.",
    official: "data.val_files",
  },
  {
    kind: "choice",
    key: "evalDifficulty",
    label: "Difficulty",
    group: "evaluation",
    urlKey: "ediff",
    default: asInTraining.value,
    options: [asInTraining, ...levels.map((level) => ({ value: String(level), label: `Level ${level}` }))],
    optionsFor: ({ task, evalTask }) => {
      const isOther = evalTask !== asInTraining.value && evalTask !== task;
      const rows = tasks.find(({ id }) => id === (evalTask === asInTraining.value ? task : evalTask))?.difficulties ?? [];
      return [
        isOther ? { ...asInTraining, label: "The task's own" } : asInTraining,
        ...rows.map(({ value, label, help }) => ({ value: String(value), label, help })),
      ];
    },
    help: "Level of the held-out problems.",
  },
  {
    kind: "number",
    key: "evalProblems",
    label: "Problems",
    group: "evaluation",
    urlKey: "en",
    default: 100,
    min: 1,
    max: 5000,
    sliderMax: 500,
    step: 1,
    integer: true,
    help: "Held-out problems. The interval narrows with the root of their number: 100 tell differences of about 10 points, 1000 of 3.",
  },
  {
    kind: "number",
    key: "evalRollouts",
    label: "Answers each",
    group: "evaluation",
    urlKey: "eg",
    default: 8,
    min: 1,
    max: 64,
    sliderMax: 16,
    step: 1,
    integer: true,
    help: "Answers per problem, whose accuracies are averaged. The paper: accuracy@8.",
    formula: "accuracy@n = mean over problems of (right answers / n)",
    official: "worker.rollout.val_override_config.n",
  },
  {
    kind: "number",
    key: "evalTemperature",
    label: "Temperature",
    group: "evaluation",
    urlKey: "et",
    default: 1,
    min: 0,
    max: 5,
    sliderMax: 2,
    step: 0.05,
    help: "0 always takes the most likely token. Paper and PAPO-Eval: 1.",
    official: "worker.rollout.val_override_config.temperature",
  },
  {
    kind: "number",
    key: "evalTopP",
    label: "Top-p",
    group: "evaluation",
    urlKey: "ep",
    default: 1,
    min: 0.01,
    max: 1,
    step: 0.01,
    help: "Samples from the smallest set of tokens whose probabilities reach this sum. Paper and PAPO-Eval: 1.",
    official: "worker.rollout.val_override_config.top_p",
  },
  {
    kind: "number",
    key: "evalTopK",
    label: "Top-k",
    group: "evaluation",
    urlKey: "ek",
    default: 0,
    min: 0,
    max: 100_000,
    sliderMax: 100,
    step: 1,
    integer: true,
    zeroText: "off",
    help: "Samples from the most likely tokens only; 0 is off. PAPO-Eval leaves it at 50, the default of its library.",
  },
  {
    kind: "choice",
    key: "evalPixels",
    label: "Picture size",
    group: "evaluation",
    urlKey: "epix",
    default: "input",
    options: [
      { value: "input", label: "As in Input" },
      { value: "papoEval", label: "32² to 768²", help: "PAPO-Eval's limits: 1,024 to 589,824 pixels." },
    ],
    help: "Limits of a picture's area. A model with one fixed size ignores them.",
  },
  {
    kind: "number",
    key: "evalSeed",
    label: "Seed",
    group: "evaluation",
    urlKey: "es",
    default: 2026,
    min: 0,
    max: maxSeed,
    step: 1,
    integer: true,
    help: "Names the problems and the draws of the answers. Two evaluations can be compared when they have the same seed.",
  },
  {
    kind: "switch",
    key: "evalMasked",
    label: "Image masked too",
    group: "evaluation",
    urlKey: "emask",
    default: true,
    help: "Answers every problem once more with the image blacked out: what is right then was guessed. Takes twice as long.",
  },
];
