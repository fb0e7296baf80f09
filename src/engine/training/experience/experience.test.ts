// What a step learns from, on the tiny model and wasm: which prompts are kept, that nothing but counters decides what is drawn,
// and the mean over several masks.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { setUpWasm } from "@/ops/test/wasmFixture";
import { dependencyOf } from "@/rl/dependency";
import { shapesTask } from "@/tasks/shapes/shapesTask";
import { openSession, uniformPrecision } from "../../loading/openSession";
import { answerBytes } from "../../requestChecks";
import type { Session } from "../../session";
import { fixtureFolder } from "../../test/fixtureFolder";
import { trainSettings, withoutEnd } from "../../test/tinySession";
import { gatherExperience, NothingToLearnError, PromptTooLongError } from "./experience";
import type { ProblemSource } from "./problemSource";
import type { RewardScorer } from "./rewardScorer";

setUpWasm();
let session: Session;
beforeAll(async () => {
  session = withoutEnd(await openSession(fixtureFolder("smolvlm"), "tiny", { precision: uniformPrecision("f32") }));
});
afterAll(() => session[Symbol.dispose]());

const start = { cursor: 0, streams: 0 };
const settings = { ...trainSettings, promptsPerStep: 2, rolloutsPerPrompt: 2 };
/** Shapes problems whose family tells their index. */
const numbered: ProblemSource = ({ seed }, index) => ({ ...shapesTask.sample(seed, index, "train"), family: String(index) });
/** One right answer of two for the problems `mixed` chooses; all right or all wrong for the others, in turns. */
const grader = (mixed: (index: number) => boolean): RewardScorer => ({
  score: async (_, inputs) =>
    inputs.map(({ family }, i) => {
      const index = Number(family);
      const right = mixed(index) ? i % 2 : index % 2;
      return { overall: right, accuracy: right };
    }),
});

describe("dynamic sampling", { timeout: 120_000 }, () => {
  const filtering = { ...settings, onlineFiltering: true, maxTryMakeBatch: 4 };

  it("draws whole batches until enough groups are neither all right nor all wrong, and keeps the first of them", async () => {
    const notices: string[] = [];
    const found = await gatherExperience(
      session,
      { problems: numbered, scorer: grader((i) => i === 1 || i >= 4) },
      filtering,
      start,
      {
        onNotice: (message) => notices.push(message),
      },
    );
    // Batches 0 1 | 2 3 | 4 5: prompts 1 and 4 are kept, 5 is surplus.
    expect(found!.problems.map(({ family }) => family)).toEqual(["1", "4"]);
    expect(found!.position).toEqual({ cursor: 6, streams: 12 });
    expect(found!.streams).toEqual([2, 3, 8, 9]);
    expect(found!.rollouts.map(({ group }) => group)).toEqual([0, 0, 1, 1]);
    // All that was sampled: 0 wrong, 1 mixed, 2 wrong, 3 right, 4 and 5 mixed.
    expect(found!.generated).toMatchObject({ rollouts: 12, batches: 3, accuracy: 5 / 12 });
    expect(notices).toEqual([]);
    expect(found!.chunks.map((chunk) => chunk?.rollout[0])).toEqual([0, 1, undefined, undefined]);
    expect([...found!.chunks[0]!.ids]).toEqual([...found!.rollouts[0]!.ids]);
  });

  it("learns from fewer prompts when no more are found, and says so", async () => {
    const notices: string[] = [];
    const onNotice = (message: string) => notices.push(message);
    const found = await gatherExperience(session, { problems: numbered, scorer: grader((i) => i === 3) }, filtering, start, {
      onNotice,
    });
    expect(found!.problems.map(({ family }) => family)).toEqual(["3"]);
    expect(found!.rollouts).toHaveLength(2);
    expect(notices).toEqual(["The step learns from 1 of 2 prompts: of 8 drawn, the others were all right or all wrong."]);
  });

  it("says that nothing is left to learn from, and what to do, when no group is mixed", async () => {
    const right: RewardScorer = { score: async (_, inputs) => inputs.map(() => ({ overall: 1, accuracy: 1 })) };
    const gathering = gatherExperience(session, { problems: numbered, scorer: right }, filtering, start);
    await expect(gathering).rejects.toThrow(NothingToLearnError);
    await expect(gathering).rejects.toThrow(/16 of 16 answers right\. Choose a higher difficulty/);
  });

  it("is off when it is not asked for: every prompt is kept", async () => {
    const found = await gatherExperience(session, { problems: numbered, scorer: grader(() => false) }, settings, start);
    expect(found!.problems.map(({ family }) => family)).toEqual(["0", "1"]);
    expect(found!.generated.batches).toBe(1);
  });
});

describe("what is drawn", { timeout: 120_000 }, () => {
  it("follows from the position in the run alone, whatever was drawn before", async () => {
    const grade = grader(() => true);
    const four = await gatherExperience(
      session,
      { problems: numbered, scorer: grade },
      { ...settings, promptsPerStep: 4 },
      start,
    );
    const later = await gatherExperience(session, { problems: numbered, scorer: grade }, settings, { cursor: 2, streams: 4 });
    expect(later!.position).toEqual(four!.position);
    for (const [i, rollout] of later!.rollouts.entries()) {
      expect(rollout.ids).toEqual(four!.rollouts[4 + i]!.ids);
      expect(later!.dependency[i]).toEqual(four!.dependency[4 + i]);
    }
    expect(later!.prepared[1]!.masked).toEqual(four!.prepared[3]!.masked);
  });

  it("is the same when there is memory for one prompt at a time only, and refused when not even for that", async () => {
    const grade = grader(() => true);
    const four = { ...settings, promptsPerStep: 4 };
    const parts: number[] = [];
    const onPhase = (_: unknown, done: number) => parts.push(done);
    const together = await gatherExperience(session, { problems: numbered, scorer: grade }, four, start, { onPhase });
    expect(parts.splice(0)).toEqual([0]);
    const prompt = together!.prepared[0]!.prompt;
    const least = answerBytes(session, prompt, { rollouts: 2, maxNewTokens: four.sampling.maxNewTokens });
    const single = await gatherExperience(session, { problems: numbered, scorer: grade }, four, start, {
      onPhase,
      budgetBytes: least,
    });
    expect(parts).toEqual([0, 1, 2, 3]);
    expect(single!.rollouts.map(({ ids }) => ids)).toEqual(together!.rollouts.map(({ ids }) => ids));
    expect(single!.dependency).toEqual(together!.dependency);
    await expect(
      gatherExperience(session, { problems: numbered, scorer: grade }, four, start, { budgetBytes: least - 1 }),
    ).rejects.toThrow("do not fit");
  });

  it("is nothing when stopped", async () => {
    const abort = new AbortController();
    const events = { signal: abort.signal, onPhase: () => abort.abort() };
    expect(
      await gatherExperience(session, { problems: numbered, scorer: grader(() => true) }, settings, start, events),
    ).toBeUndefined();
  });

  it("is refused where an answer could outgrow the model's context", async () => {
    const long = { ...settings, sampling: { ...settings.sampling, maxNewTokens: session.contextTokens } };
    await expect(gatherExperience(session, { problems: numbered, scorer: grader(() => true) }, long, start)).rejects.toThrow(
      PromptTooLongError,
    );
  });
});

describe("dependency over several masks", { timeout: 120_000 }, () => {
  const gather = async (change: Partial<typeof settings>) => {
    const found = await gatherExperience(
      session,
      { problems: numbered, scorer: grader(() => true) },
      { ...settings, ...change },
      start,
    );
    return found!;
  };

  it("is the first mask's own for one draw, and another mean for three", async () => {
    const one = await gather({});
    const three = await gather({ maskDraws: 3 });
    one.dependency.forEach((values, i) => {
      expect(values).toEqual(dependencyOf(one.stats[i]!, "kl"));
      expect(three.dependency[i]).not.toEqual(values);
      expect(three.stats[i]!.kl).toEqual(one.stats[i]!.kl);
    });
  });

  it("is the same for three draws of a mask that has only one form", async () => {
    const mask = { ...settings.mask, strategy: "whole" as const };
    const one = await gather({ mask });
    const three = await gather({ mask, maskDraws: 3 });
    three.dependency.forEach((values, i) => {
      values.forEach((value, t) => {
        expect(value).toBeCloseTo(one.dependency[i]![t]!, 6);
      });
    });
  });
});
