import { describe, expect, it } from "vitest";
import { randomRollout, randomTexts, randomTopK } from "@/client/test/randomAnswer";
import { TokenBuffer } from "@/client/tokenBuffer";
import type { AskRequest } from "@/protocol/generation";
import { beginningOf, continued, requestOfRollout } from "./branchRequest";
import { pairedTop } from "./pairedTop";

function answer(): TokenBuffer {
  const buffer = new TokenBuffer();
  buffer.start(2, randomTopK);
  for (const rollout of [0, 1]) buffer.append(randomRollout(rollout, 12), randomTexts);
  return buffer;
}

const request: AskRequest = {
  image: { width: 1, height: 1, data: new Uint8Array(3) },
  question: "How many?",
  rollouts: 2,
  sampling: { temperature: 1, topP: 1, topK: 0, seed: 3, maxNewTokens: 12 },
  mask: { strategy: "patch_blackening", ratio: 0.5, cellSize: 8, seed: 5, sharing: "trajectory" },
  topK: randomTopK,
};

describe("the beginning of a branch", () => {
  it("is the answer's own rows, with only the token and its two log-probs changed at the branch", () => {
    const buffer = answer();
    const whole = randomRollout(1, 12);
    const { ids, logp, other } = buffer.top(1, 7, 1);
    // The least likely of the masked list, which need not be in the other one.
    const at = ids.length - 1;
    const chunk = beginningOf(buffer, { rollout: 1, token: 7, id: ids[at]! });
    expect([...chunk.ids]).toEqual([...whole.ids.slice(0, 7), ids[at]]);
    expect([...chunk.stats.slice(0, 49)]).toEqual([...whole.stats.slice(0, 49)]);
    expect([...chunk.stats.slice(49)]).toEqual([other[at], logp[at], ...whole.stats.slice(51, 56)]);
    expect(chunk.topLogp).toEqual(whole.topLogp.slice(0, 8 * 2 * randomTopK));
    // The parent's rows are copied, not changed.
    expect(buffer.ids(1)[7]).toBe(whole.ids[7]);
  });

  it("sums to the same KL at the branch as before, whichever token is taken", () => {
    const buffer = answer();
    const branch = new TokenBuffer();
    branch.start(1, randomTopK);
    branch.append(beginningOf(buffer, { rollout: 0, token: 4, id: buffer.top(0, 4, 0).ids[2]! }), randomTexts);
    const id = branch.ids(0)[4]!;
    const { logp, logpMasked, kl } = branch.stats(0);
    const sampled = { id, logp: logp[4]!, logpMasked: logpMasked[4]! };
    const { rows, tail } = pairedTop(branch.top(0, 4, 0), branch.top(0, 4, 1), sampled, kl[4]!);
    expect(rows.reduce((sum, row) => sum + row.contribution, tail.contribution)).toBeCloseTo(buffer.stats(0).kl[4]!, 6);
    expect(rows.find((row) => row.sampled)?.id).toBe(id);
  });

  it("refuses a token that nobody measured there", () => {
    expect(() => beginningOf(answer(), { rollout: 0, token: 4, id: 12_345 })).toThrow("not among those that were measured");
  });
});

describe("the request of a branch", () => {
  it("has the mask of its rollout, whoever else had another one", () => {
    expect(requestOfRollout(request, 0)).toMatchObject({ rollouts: 1, mask: { seed: 5, sharing: "shared" } });
    const second = requestOfRollout(request, 1).mask.seed;
    expect(second).not.toBe(5);
    expect(requestOfRollout({ ...request, mask: { ...request.mask, sharing: "shared" } }, 1).mask.seed).toBe(5);
    // A branch of a branch keeps it.
    expect(requestOfRollout(requestOfRollout(request, 1), 0).mask.seed).toBe(second);
  });

  it("goes on to the length the answer may have, by at least one token", () => {
    expect(continued(request, new Int32Array(5)).sampling.maxNewTokens).toBe(7);
    expect(continued(request, new Int32Array(12)).sampling.maxNewTokens).toBe(1);
  });
});
