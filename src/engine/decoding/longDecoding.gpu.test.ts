// Decoding past the length from which attention is split over keys: the recorded step is made anew there, takes two dispatches more per
// block, and gives the tokens and log-probs it gave before, which are those of scoring.

import { dispose, type Tensor, tensor2d } from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { FusedDecoder } from "@/nn/fusedDecoder";
import { recordedKeys } from "@/ops/attention/splitKeys";
import { type Rope, ropeTable } from "@/ops/rope/rope";
import { differingBits, maxMagnitude, seededTensor, setUpGpu } from "@/ops/test/gpuFixture";
import { standardVariants } from "@/ops/variants";
import { textBatch } from "../batch";
import { LayerwisePass } from "../layerwise";
import { type PackedPrompt, packGroups } from "../packing";
import type { Session } from "../session";
import { loadTiny } from "../test/tinySession";
import { generate } from "./generate";
import { tokenStatsOf } from "./rollouts";

const fixture = setUpGpu();
const tokens = 8;
const { longKeys } = standardVariants;
/** The fifth token is the first whose row sees `longKeys` keys. */
const promptLength = longKeys - 4;
let session: Session;
let rope: Rope;
let features: readonly [Tensor, Tensor];
beforeAll(async () => {
  session = await loadTiny();
  const { headDim, ropeTheta } = session.config.text;
  const frequencies = Float64Array.from({ length: headDim / 2 }, (_, i) => ropeTheta ** ((-2 * i) / headDim));
  rope = { table: tensor2d(ropeTable(frequencies, 2 * longKeys), [2 * longKeys, headDim]) };
  features = [seededTensor([1, session.model.text.hiddenSize], 1), seededTensor([1, session.model.text.hiddenSize], 2)];
});
afterAll(() => {
  dispose([rope.table, ...features]);
  session[Symbol.dispose]();
});

/** With one place for a picture. */
function prompt(): PackedPrompt {
  const ids = Int32Array.from({ length: promptLength }, (_, i) => 1 + ((i * 7) % 200));
  const feature = new Int32Array(promptLength).fill(-1);
  feature[1] = 0;
  return { ids, feature, featureCount: 1, positions: Int32Array.from(ids.keys()), axes: 1, next: promptLength };
}

/** Two rollouts with masked twins, and the dispatches between steps. */
async function decode(stepsPerRead = 1) {
  const dispatches: number[] = [];
  const [open, masked] = features;
  const group = { prompt: prompt(), features: open, masked: [masked], rollouts: 2, firstStream: 0 };
  const rollouts = await generate(session.model.text, [group], rope, {
    ...{ temperature: 1, topP: 1, topK: 0, seed: 3, eosIds: [], alternatives: 0, stepsPerRead, maxNewTokens: tokens },
    onStep: () => dispatches.push(fixture.gpu.dispatcher.work().dispatches),
  });
  return { rollouts, perStep: dispatches.slice(1).map((after, i) => after - (dispatches[i] as number)) };
}

describe("decoding over very many keys", { timeout: 300_000 }, () => {
  it("has two dispatches per block more from there on, and the tokens and log-probs of unsplit attention and of scoring", async () => {
    const split = await decode();
    const asked = vi.spyOn(FusedDecoder.prototype, "splitKeys").mockReturnValue(undefined);
    const unsplit = await decode();
    asked.mockRestore();
    // The step is recorded anew between steps that are read together.
    const together = await decode(tokens - 1);
    const layers = session.model.text.weights.layers.length;
    const more = split.perStep.map((count, i) => count - (unsplit.perStep[i] as number));
    expect(more).toEqual([0, 0, 0, 2, 2, 2, 2].map((perLayer) => perLayer * layers));
    split.rollouts.forEach((rollout, i) => {
      expect(rollout.ids.length).toBe(tokens);
      expect(rollout.ids).toEqual(unsplit.rollouts[i]!.ids);
      expect(differingBits(rollout.stats, unsplit.rollouts[i]!.stats)).toBe(0);
      expect(differingBits(rollout.stats, together.rollouts[i]!.stats)).toBe(0);
    });
    const packed = packGroups([{ prompt: prompt(), responses: split.rollouts.map(({ ids }) => ids) }]);
    const batch = textBatch(packed, rope);
    const pass = new LayerwisePass(session.model, batch, undefined, new Set(), features[0]);
    const logp = pass.forward();
    const scored = new Float32Array(await logp.data());
    packed.segments.forEach(({ start, length }, i) => {
      expect(differingBits(tokenStatsOf(split.rollouts[i]!).logp, scored.slice(start, start + length))).toBe(0);
    });
    expect(maxMagnitude(scored)).toBeGreaterThan(0.1);
    pass[Symbol.dispose]();
    batch.dispose();
    logp.dispose();
  });

  it("is recorded for the keys there may be, and for twice as many whenever they are used up", () => {
    expect(recordedKeys(20, 300)).toBe(300);
    expect(recordedKeys(20, 5000)).toBe(longKeys - 1);
    expect(recordedKeys(longKeys, 5000)).toBe(2048);
    expect(recordedKeys(2047, 5000)).toBe(2048);
    expect(recordedKeys(2049, 5000)).toBe(4096);
    expect(recordedKeys(4097, 5000)).toBe(5000);
  });
});
