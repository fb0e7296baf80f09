// What VPPO adds to a training step: its update against GRPO's on the same answers, and rollouts with masked twins (live visual
// dependency) plus update against a step that knows no dependency. The learning rate is 0, so that every repetition does the same
// work on the same weights, and answers end at their length limit only.

import type { RolloutRequest } from "@/engine/decoding/rollouts";
import { removeLora } from "@/engine/lora";
import type { Session } from "@/engine/session";
import { Optimizer } from "@/engine/training/update/optimizer";
import { updatePolicy } from "@/engine/training/update/policyPhase";
import type { UpdateInput } from "@/engine/training/update/stepPasses";
import { trainablesOf } from "@/engine/training/update/trainables";
import type { Gpu } from "@/gpu/device";
import { type TrainSettings, trainDefaults } from "@/protocol/training";
import { officialDefaults, type PolicySettings, policyPresets } from "@/rl/settings";
import { type ExperienceSize, sampleExperience } from "./experience";
import type { BenchRow } from "./report";
import { interleaved, median } from "./timing";
import { type Measured, measured, workText } from "./work";

export interface StepSizes extends ExperienceSize {
  readonly repetitions: number;
}

const filtered: PolicySettings = { ...officialDefaults, entropyPenaltyCoef: 0 };

export async function benchStep(gpu: Gpu, session: Session, sizes: StepSizes): Promise<BenchRow[]> {
  const { prompts, rollouts, tokens, repetitions } = sizes;
  const settings: TrainSettings = { ...trainDefaults, policy: officialDefaults, weightDecay: 0, measureMoves: false };
  Object.defineProperty(session, "eosIds", { value: [] });
  const optimizer = Optimizer.create(trainablesOf(session, settings));

  const sampled = (mask?: RolloutRequest["mask"]): Promise<UpdateInput> => {
    session.clearFeatures();
    return sampleExperience(session, sizes, settings, mask);
  };
  const updated = (input: UpdateInput, policy: PolicySettings) =>
    updatePolicy(session, optimizer, input, { ...settings, policy }, { learningRate: 0 });

  const experience = await sampled(settings.mask);
  const update = (policy: PolicySettings) => () => measured(gpu, () => updated(experience, policy));
  const [vppo = [], penalized = [], grpo = []] = await interleaved(
    [update(filtered), update(officialDefaults), update(policyPresets.grpo)],
    repetitions,
  );
  const step = (policy: PolicySettings, mask?: RolloutRequest["mask"]) => () =>
    measured(gpu, async () => updated(await sampled(mask), policy));
  const [own = [], shared = [], none = []] = await interleaved(
    [
      step(officialDefaults, settings.mask),
      step(officialDefaults, { ...settings.mask, sharing: "shared" }),
      step(policyPresets.dapo),
    ],
    repetitions,
  );
  optimizer[Symbol.dispose]();
  removeLora(session.model);

  const what = `${session.name} ${session.precision.text}, ${prompts} × ${rollouts} answers of ${tokens} tokens`;
  const row = (
    name: string,
    runs: readonly Measured[],
    against: string,
    baseline: readonly Measured[],
    note: string,
  ): BenchRow => ({
    name: `${name}, ${what}`,
    unit: "ms",
    value: median(runs.map(({ ms }) => ms)),
    baseline: { name: against, value: median(baseline.map(({ ms }) => ms)) },
    note: [note, ...runs.slice(-1).map(({ work }) => workText(work))].join("; "),
  });
  return [
    row(
      "VPPO update without entropy penalty",
      vppo,
      "GRPO update",
      grpo,
      "unselected tokens skip the head's backward; goal ≤ 1.05",
    ),
    row("VPPO update", penalized, "GRPO update", grpo, "the entropy penalty is on every token"),
    row("Training step with live dependency", own, "without dependency", none, "a mask per answer; paper: 1.097; goal ≤ 1.10"),
    row("Training step with live dependency, one mask per prompt", shared, "without dependency", none, "goal ≤ 1.05"),
  ];
}
