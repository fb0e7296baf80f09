import { describe, expect, it } from "vitest";
import { noCalls } from "./counters";
import type { PictureEngine } from "./engine";
import { lookInTurns } from "./pictureTurns";
import type { EngineName, PeerPlan } from "./plan";
import { imageTokenId, peerSizes } from "./sizes";

const plan: PeerPlan = {
  size: peerSizes.tiny30,
  model: "",
  modules: "",
  engines: [],
  contexts: [],
  tokens: { ours: 1, "transformers.js": 1, "stock TF.js": 1 },
  repetitions: 3,
  scoreTokens: 0,
  scoreRepetitions: 1,
  picture: true,
  subgroups: "show",
};

/** An engine that answers with `token`, or stops at its second answer. */
function engineOf(name: EngineName, order: EngineName[], token?: number) {
  const picture: PictureEngine = {
    features: async () => Float32Array.of(1, 2),
    async firstToken({ ids }, onToken) {
      if (order.filter((one) => one === name).length === 1 && token === undefined) throw new Error("lost");
      order.push(name);
      onToken(ids.includes(imageTokenId(plan.size)) ? (token ?? 0) : -1);
    },
  };
  return { name, engine: { version: "", notes: "", generate: async () => {}, dispose() {}, picture } };
}

describe("lookInTurns", () => {
  const say = () => undefined;
  const counters = { snapshot: () => ({ ...noCalls(), t: 0 }), restartHostTime() {} };
  const reference = { token: 8, features: Float32Array.of(1, 2.5) };

  it("lets the engines look one after the other, and compares them with the reference", async () => {
    const order: EngineName[] = [];
    const problems: string[] = [];
    const engines = [engineOf("ours", order, 8), engineOf("transformers.js", order, 9)];
    const results = await lookInTurns(engines, plan, { reference, counters, problems, say });
    expect(order).toEqual(["ours", "transformers.js", "ours", "transformers.js", "ours", "transformers.js"]);
    expect(results.get("ours")).toMatchObject({ token: 8, isReferenceToken: true, runs: 3, imageTokens: 16, promptTokens: 80 });
    expect(results.get("transformers.js")).toMatchObject({ isReferenceToken: false, features: { maxAbsolute: 0.5 } });
    expect(problems).toEqual([]);
  });

  it("leaves an engine out that stops, says so, and goes on with the others", async () => {
    const order: EngineName[] = [];
    const problems: string[] = [];
    const engines = [engineOf("transformers.js", order), engineOf("ours", order, 8)];
    const results = await lookInTurns(engines, plan, { reference: undefined, counters, problems, say });
    expect([...results.keys()]).toEqual(["ours"]);
    expect(results.get("ours")?.isReferenceToken).toBeUndefined();
    expect(problems).toEqual(["transformers.js stopped at the picture: Error: lost"]);
  });
});
