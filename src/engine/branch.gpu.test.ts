// On WebGPU a branch has the bits of the whole answer: what it decodes after its beginning, under the mask of its rollout, and the row at
// the branch, which it takes from the answer's lists.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { TokenBuffer } from "@/client/tokenBuffer";
import { differingBits, setUpGpu } from "@/ops/test/gpuFixture";
import type { AskRequest } from "@/protocol/generation";
import { beginningOf, continued, requestOfRollout } from "@/state/answers/branchRequest";
import { answer } from "./answer";
import type { Session } from "./session";
import { blackening, loadTiny, question, withoutEnd } from "./test/tinySession";

setUpGpu();
let session: Session;
beforeAll(async () => {
  session = withoutEnd(await loadTiny());
});
afterAll(() => session[Symbol.dispose]());

const topK = 4;
const columns = ["logp", "logpMasked", "kl", "jsd", "entropy", "entropyMasked", "top1Drop"] as const;

async function ask(request: AskRequest, into: TokenBuffer): Promise<void> {
  await answer(session, request, {
    budgetBytes: Number.POSITIVE_INFINITY,
    emit: (event) => {
      if (event.type === "tokens") into.append(event.chunk, event.texts);
    },
    signal: new AbortController().signal,
    textsOf: () => ({}),
  });
}

describe("a branch", { timeout: 300_000 }, () => {
  it("with the answer's own token is the answer again, and the lists hold the log-probs of the columns, bit for bit", async () => {
    const asked: AskRequest = {
      image: question(0).image,
      question: "What is there?",
      rollouts: 2,
      sampling: { temperature: 0, topP: 1, topK: 0, seed: 1, maxNewTokens: 6 },
      mask: blackening,
      topK,
    };
    const whole = new TokenBuffer();
    whole.start(2, topK);
    await ask(asked, whole);
    expect(whole.stats(1).kl).not.toEqual(whole.stats(0).kl);
    const branch = new TokenBuffer();
    branch.start(1, topK);
    const beginning = beginningOf(whole, { rollout: 1, token: 2, id: whole.ids(1)[2]! });
    branch.append(beginning, {});
    await ask(continued(requestOfRollout(asked, 1), beginning.ids), branch);
    expect([...branch.ids(0)]).toEqual([...whole.ids(1)]);
    for (const column of columns) expect(differingBits(branch.stats(0)[column], whole.stats(1)[column])).toBe(0);
    for (const condition of [0, 1] as const) {
      expect(differingBits(branch.top(0, 5, condition).logp, whole.top(1, 5, condition).logp)).toBe(0);
    }
    // What the lists say of the sampled token are the bits of its own columns.
    for (let t = 0; t < whole.length(1); t++) {
      const at = whole.top(1, t, 0).ids.indexOf(whole.ids(1)[t]!);
      expect(whole.top(1, t, 0).logp[at]).toBe(whole.stats(1).logp[t]);
      expect(whole.top(1, t, 0).other[at]).toBe(whole.stats(1).logpMasked[t]);
    }
  });
});
