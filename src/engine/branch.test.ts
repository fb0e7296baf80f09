// A branch of an answer against the answer itself: what it carries over and what it goes on with are the numbers that decoding the whole
// answer gives, under the mask that the branched rollout had.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { TokenBuffer } from "@/client/tokenBuffer";
import { setUpWasm } from "@/ops/test/wasmFixture";
import type { AskRequest } from "@/protocol/generation";
import { beginningOf, continued, requestOfRollout } from "@/state/answers/branchRequest";
import { answer } from "./answer";
import { openSession, uniformPrecision } from "./loading/openSession";
import { measure } from "./measure";
import type { Session } from "./session";
import { fixtureFolder } from "./test/fixtureFolder";
import { blackening, question } from "./test/tinySession";

setUpWasm();
const topK = 4;
const columns = ["logp", "logpMasked", "kl", "jsd", "entropy", "entropyMasked", "top1Drop"] as const;

describe.each(["smolvlm", "qwen2_5_vl-tied"])("%s", (family) => {
  let session: Session;
  beforeAll(async () => {
    session = await openSession(fixtureFolder(family), family, { precision: uniformPrecision("f32") });
  });
  afterAll(() => session[Symbol.dispose]());

  const asked: AskRequest = {
    image: question(0).image,
    question: "What is there?",
    rollouts: 2,
    sampling: { temperature: 0, topP: 1, topK: 0, seed: 1, maxNewTokens: 8 },
    mask: { ...blackening, seed: 3, sharing: "trajectory" },
    topK,
  };

  async function ask(request: AskRequest, into = new TokenBuffer()): Promise<TokenBuffer> {
    if (into.rolloutCount === 0) into.start(request.rollouts, topK);
    await answer(session, request, {
      budgetBytes: Number.POSITIVE_INFINITY,
      emit: (event) => {
        if (event.type === "tokens") into.append(event.chunk, event.texts);
      },
      signal: new AbortController().signal,
      textsOf: () => ({}),
    });
    return into;
  }

  async function branch(parent: TokenBuffer, rollout: number, token: number, id: number): Promise<TokenBuffer> {
    const buffer = new TokenBuffer();
    buffer.start(1, topK);
    const beginning = beginningOf(parent, { rollout, token, id });
    buffer.append(beginning, {});
    return ask(continued(requestOfRollout(asked, rollout), beginning.ids), buffer);
  }

  it("a branch with the answer's own token is that answer again, numbers and lists, under its rollout's mask", async () => {
    const whole = await ask(asked);
    // Greedy rollouts say the same and differ by their masks alone.
    expect(whole.stats(0).kl).not.toEqual(whole.stats(1).kl);
    for (const rollout of [0, 1]) {
      const again = await branch(whole, rollout, 3, whole.ids(rollout)[3]!);
      expect([...again.ids(0)]).toEqual([...whole.ids(rollout)]);
      for (const column of columns) {
        again.stats(0)[column].forEach((value, t) => {
          expect(value).toBeCloseTo(whole.stats(rollout)[column][t]!, 4);
        });
      }
      again.top(0, 6, 1).logp.forEach((value, i) => {
        expect(value).toBeCloseTo(whole.top(rollout, 6, 1).logp[i]!, 4);
      });
    }
  });

  it("all numbers of a branch with another token are those of measuring its whole text", async () => {
    const whole = await ask(asked);
    const alternative = whole.top(1, 3, 0).ids.find((id) => id !== whole.ids(1)[3] && !session.eosIds.includes(id))!;
    const other = await branch(whole, 1, 3, alternative);
    expect(other.ids(0)[3]).toBe(alternative);
    expect(other.length(0)).toBeGreaterThan(4);
    const { mask } = requestOfRollout(asked, 1);
    let measured = 0;
    await measure(
      session,
      { image: asked.image, question: asked.question, responses: [other.ids(0).slice()], masks: [mask] },
      {
        emit: ({ stats: [stats] }) => {
          for (const column of columns) {
            stats![column].forEach((value, t) => {
              expect(value).toBeCloseTo(other.stats(0)[column][t]!, 4);
              measured++;
            });
          }
        },
        signal: new AbortController().signal,
      },
    );
    expect(measured).toBe(7 * other.length(0));
  });
});
