// Running sums over a scene of the shapes world as a task: long chains, few visual tokens among much routine text, small numbers
// that are often guessed right. Made to tell apart what weights tokens by their visual dependency from what does not.

import { extractBoxed } from "@/rl/reward/extractBoxed";
import type { Task } from "../task";
import { defaultSumsDifficulty, type SumsProblem, sampleSums, sumsDifficulties } from "./sampleSums";
import { sumFamilies } from "./sum";

/** Running sums. */
export const sumsTask: Task<SumsProblem> = {
  id: "sums",
  name: "Running sums",
  families: sumFamilies,
  difficulties: sumsDifficulties,
  defaultDifficulty: defaultSumsDifficulty,
  sample: sampleSums,
  reward: (text, problem) => (extractBoxed(text) === problem.answer ? 1 : 0),
};
