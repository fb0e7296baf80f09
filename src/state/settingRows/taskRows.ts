// Rows of what is trained on and how answers are graded: the tasks of `tasks/registry.ts`, and the rewards of the protocol.

import { trainDefaults } from "@/protocol/training";
import { tasks } from "@/tasks/registry";
import type { Setting, SettingOption } from "../settings";

/** The longest reward function that is kept, in characters. */
const longestSource = 20_000;

/** A reward function that works, for the editor's first visit. */
export const exampleReward = `// Called once per answer; gives its reward. \`answer\` is the true one.
export default function reward({ text, answer }: RewardInput): number {
  const boxed = [...text.matchAll(/\\\\boxed\\{([^{}]*)\\}/g)].at(-1)?.[1];
  if (boxed === undefined) return 0;
  return boxed.trim() === answer ? 1 : 0.1;
}
`;

const ownDifficulty: SettingOption = { value: "0", label: "The task's own", help: "Where the task starts." };
const levels = [...new Set(tasks.flatMap(({ difficulties }) => difficulties.map(({ value }) => value)))].sort((a, b) => a - b);

/** The knobs of task and reward, in the order of their controls. */
export const taskRows: readonly Setting[] = [
  {
    kind: "choice",
    key: "task",
    label: "Task",
    group: "task",
    urlKey: "task",
    default: trainDefaults.task,
    options: tasks.map(({ id, name }) => ({ value: id, label: name })),
    help: "Which questions are drawn for training.",
    official: "data.train_files",
  },
  {
    kind: "choice",
    key: "difficulty",
    label: "Difficulty",
    group: "task",
    urlKey: "diff",
    default: ownDifficulty.value,
    options: [ownDifficulty, ...levels.map((level) => ({ value: String(level), label: `Level ${level}` }))],
    optionsFor: ({ task }) => {
      const rows = tasks.find(({ id }) => id === task)?.difficulties ?? [];
      return [ownDifficulty, ...rows.map(({ value, label, help }) => ({ value: String(value), label, help }))];
    },
    help: "Level of the task's questions and pictures.",
  },
  {
    kind: "choice",
    key: "rewardKind",
    label: "Reward",
    group: "task",
    urlKey: "rew",
    default: trainDefaults.reward.kind,
    options: [
      { value: "exact", label: "Exact match", help: "1 if the last \\boxed{} holds the answer, letter for letter." },
      {
        value: "official",
        label: "Official grading",
        help: "math.py compute_score_wo_format: the last \\boxed{}, graded as MathRuler does (1/2 = 0.5, 50^\\circ = 50).",
      },
      {
        value: "official_format",
        label: "Official with format",
        help: "0.9 · accuracy + 0.1 · <think> format (math.py compute_score).",
      },
      { value: "choice", label: "Multiple choice", help: "The letter of the answer: A, (A), A., “A. 50” are the same." },
      { value: "numeric", label: "Number", help: "Right within the tolerance below." },
      { value: "custom", label: "My own function", help: "TypeScript or JavaScript, run without network or page." },
    ],
    help: "How an answer is graded. The official scripts reward accuracy alone, without format.",
    official: "worker.reward.reward_function",
  },
  {
    kind: "number",
    key: "rewardTolerance",
    label: "Tolerance",
    group: "task",
    urlKey: "rtol",
    default: trainDefaults.reward.tolerance,
    min: 0,
    max: 1,
    sliderMin: 1e-9,
    sliderMax: 0.1,
    step: 1e-9,
    scale: "log",
    help: "Numbers are equal within this difference, relative or absolute.",
    appliesTo: { when: ({ rewardKind }) => rewardKind === "numeric", why: "only the reward “Number” has a tolerance." },
  },
  {
    kind: "text",
    key: "rewardSource",
    label: "Reward function",
    group: "task",
    urlKey: "rsrc",
    default: exampleReward,
    maxLength: longestSource,
    help: "The default export, or a function named reward, takes { text, answer, question, family } and gives a number.",
    appliesTo: { when: ({ rewardKind }) => rewardKind === "custom", why: "another reward is chosen." },
  },
];
