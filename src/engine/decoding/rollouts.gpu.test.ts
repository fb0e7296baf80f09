// Rollouts on WebGPU: reproducible, independent of their neighbours, equal to scoring bit for bit, and cheap per token.

import { concat, dispose, memory, type Tensor, type Tensor2D, tidy } from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Capture } from "@/gpu/capture";
import { type Counters, noWork } from "@/gpu/counters";
import { readTensors } from "@/gpu/readback";
import { headStatsWidth } from "@/ops/headStats/logitStats";
import { differingBits, maxMagnitude, setUpGpu } from "@/ops/test/gpuFixture";
import { textBatch } from "../batch";
import { LayerwisePass } from "../layerwise";
import { attachLora, removeLora } from "../lora";
import { packGroups } from "../packing";
import type { Session } from "../session";
import { loadTiny, question, request, sampling, withoutEnd } from "../test/tinySession";
import { generate, type Rollout } from "./generate";
import { prepare, type RolloutRequest, rollOut, tokenStatsOf } from "./rollouts";

const fixture = setUpGpu();
let session: Session;
beforeAll(async () => {
  session = withoutEnd(await loadTiny());
});
afterAll(() => session[Symbol.dispose]());

/** Ids equal, statistics equal in every bit. */
function expectSame(actual: Rollout | undefined, expected: Rollout | undefined): void {
  expect(actual?.ids).toEqual(expected?.ids);
  expect(differingBits(actual!.stats, expected!.stats)).toBe(0);
}

describe("a rollout", { timeout: 300_000 }, () => {
  it("is the same again for the same seed, and another for another seed", async () => {
    const first = await rollOut(session, request);
    const again = await rollOut(session, request);
    first.forEach((rollout, i) => {
      expectSame(again[i], rollout);
    });
    const other = await rollOut(session, { ...request, sampling: { ...sampling, seed: sampling.seed + 1 } });
    expect(other.map(({ ids }) => [...ids])).not.toEqual(first.map(({ ids }) => [...ids]));
    expect(new Set(first.map(({ ids }) => ids.join())).size).toBe(first.length);
  });

  it("is the same alone as in a batch with another question", async () => {
    const both = await rollOut(session, { ...request, questions: [question(0), question(1)], rollouts: 2 });
    expect(both.map(({ group }) => group)).toEqual([0, 0, 1, 1]);
    for (const [index, asked] of [
      [1, 0],
      [3, 1],
    ] as const) {
      const [alone] = await rollOut(session, { ...request, questions: [question(asked)], rollouts: 1, firstStream: index });
      expectSame(alone, both[index]);
    }
  });

  it("is the same however many steps are with the device before their tokens are read", async () => {
    const alone = await rollOut(session, { ...request, stepsPerRead: 1 });
    for (const stepsPerRead of [2, 3, 16]) {
      const several = await rollOut(session, { ...request, stepsPerRead });
      several.forEach((rollout, i) => {
        expectSame(rollout, alone[i]);
      });
    }
  });

  it("keeps what it has when it is stopped with steps under way, and leaves nothing behind", async () => {
    const { numTensors } = memory();
    const stop = new AbortController();
    let seen = 0;
    const onStep = () => {
      if (++seen === 3) stop.abort();
    };
    const long = { ...sampling, maxNewTokens: 40 };
    const stopped = await rollOut(session, { ...request, sampling: long, stepsPerRead: 2, signal: stop.signal, onStep });
    const whole = await rollOut(session, { ...request, sampling: long });
    expect(seen).toBe(3);
    stopped.forEach(({ ids, reason }, i) => {
      expect(reason).toBe("aborted");
      expect([...ids]).toEqual([...whole[i]!.ids.slice(0, 3)]);
    });
    expect(memory().numTensors).toBe(numTensors);
  });

  it("is the same with and without its masked twin", async () => {
    const { mask: _, ...plain } = request;
    const withTwins = await rollOut(session, request);
    const without = await rollOut(session, plain);
    expect(without.map(({ ids }) => [...ids])).toEqual(withTwins.map(({ ids }) => [...ids]));
  });

  it("depends on the image where the masked picture differs, and by exactly nothing where it is the same", async () => {
    const masked = await rollOut(session, request);
    for (const rollout of masked) expect(maxMagnitude(tokenStatsOf(rollout).kl)).toBeGreaterThan(0);
    const open = await rollOut(session, { ...request, mask: { ...request.mask!, ratio: 0 } });
    for (const rollout of open) {
      const { kl, jsd, top1Drop, logp, logpMasked } = tokenStatsOf(rollout);
      for (const zero of [kl, jsd, top1Drop]) expect([...zero].every((value) => value === 0)).toBe(true);
      expect(differingBits(logpMasked, logp)).toBe(0);
    }
  });

  it("ends at an end token, and tells so", async () => {
    const [prepared] = prepare(session, request);
    const [features, twin] = session.encode([prepared!.images[0]!, session.process(prepared!.masked[0]![0]!)]);
    const group = { prompt: prepared!.prompt, features: features!, masked: [twin!], rollouts: 3, firstStream: 0 };
    const options = { ...sampling, alternatives: 0 };
    const free = await generate(session.model.text, [group], session.rope, { ...options, eosIds: [] });
    const end = free[2]!.ids[3]!;
    const ended = await generate(session.model.text, [group], session.rope, { ...options, eosIds: [end], stepsPerRead: 2 });
    ended.forEach(({ ids, reason }, i) => {
      const at = free[i]!.ids.indexOf(end);
      expect(ids).toEqual(at < 0 ? free[i]!.ids : free[i]!.ids.slice(0, at + 1));
      expect(reason).toBe(at < 0 ? "length" : "stop");
    });
    dispose([features!, twin!]);
  });
});

describe("log-probs", { timeout: 300_000 }, () => {
  it.for([false, true])("of rollouts are those of the training pass, bit for bit (adapter: %s)", async (adapted) => {
    if (adapted) {
      attachLora(session.model, { rank: 4, alpha: 8, seed: 1 });
      // A fresh adapter changes nothing; a random B does.
      for (const { lora } of session.model.text.projections) {
        const values = Float32Array.from({ length: lora!.b.size }, (_, i) => Math.sin(i + 1) / 10);
        fixture.gpu.dispatcher.upload(lora!.b, values);
      }
    }
    const questions = [question(0), question(2)];
    const asked = { ...request, questions, rollouts: 2 };
    const prepared = prepare(session, asked);
    const rollouts = await rollOut(session, asked, prepared);
    const packed = packGroups(
      prepared.map(({ prompt }, g) => ({ prompt, responses: rollouts.filter(({ group }) => group === g).map(({ ids }) => ids) })),
    );
    const encoded = session.encode(prepared.flatMap(({ images }) => images));
    const features = tidy(() => concat(encoded as Tensor2D[], 0));
    const batch = textBatch(packed, session.rope);
    const pass = new LayerwisePass(session.model, batch, undefined, new Set(), features);
    const logp = pass.forward();
    const [scored] = (await readTensors([logp])) as Float32Array[];
    packed.segments.forEach(({ start, length }, i) => {
      expect(differingBits(tokenStatsOf(rollouts[i]!).logp, scored!.slice(start, start + length))).toBe(0);
    });
    expect(maxMagnitude(scored!)).toBeGreaterThan(0.1);
    pass[Symbol.dispose]();
    batch.dispose();
    dispose([logp, features, ...encoded]);
    removeLora(session.model);
  });
});

describe("a captured pass", () => {
  it("gives the same bits on replay as when it was recorded, and follows its inputs", async () => {
    const [prepared] = prepare(session, request);
    const packed = packGroups([{ prompt: prepared!.prompt, responses: [Int32Array.of(7, 8, 9)] }]);
    const batch = textBatch(packed, session.rope);
    const { dispatcher } = fixture.gpu;
    let hidden: Tensor | undefined;
    const capture = Capture.record(dispatcher, () => {
      hidden = tidy(() => session.model.text.decode(session.model.text.embed(batch.ids), batch.pass));
    });
    const read = async () => (await readTensors([hidden!]))[0] as Float32Array;
    const eager = await read();
    dispatcher.upload(hidden!, new Float32Array(eager.length));
    expect(maxMagnitude(await read())).toBe(0);
    capture.replay();
    expect(differingBits(await read(), eager)).toBe(0);
    dispatcher.upload(
      batch.ids,
      packed.ids.map((id) => (id + 1) % 200),
    );
    capture.replay();
    expect(differingBits(await read(), eager)).toBeGreaterThan(0);
    hidden!.dispose();
    capture[Symbol.dispose]();
    batch.dispose();
  });
});

describe("the first token", () => {
  it("comes out of the pass that reads the prompt: five dispatches per layer and a few, one submit, one readback of its id", async () => {
    const { dispatcher } = fixture.gpu;
    const layers = session.model.text.weights.layers.length;
    let before = noWork();
    let after: Counters | undefined;
    const onPhase = async (phase: "prompt" | "decoding") => {
      if (phase === "prompt") before = dispatcher.work();
    };
    const { mask: _, ...unmasked } = request;
    const onStep = () => {
      after ??= dispatcher.work();
    };
    await rollOut(session, { ...unmasked, rollouts: 1, onPhase, onStep });
    const { dispatches = 0, submits, maps, mapBytes } = after ?? noWork();
    expect(dispatches - before.dispatches).toBeGreaterThanOrEqual(5 * layers + 4);
    // Putting ids, positions and rows of prompt and first token together, and taking the last row.
    expect(dispatches - before.dispatches).toBeLessThanOrEqual(5 * layers + 16);
    expect(submits - before.submits).toBe(1);
    expect(maps - before.maps).toBe(1);
    expect(mapBytes - before.mapBytes).toBe(4);
  });
});

describe("a decoded token", () => {
  /** What the steady state spends, from each readback to the next: while one is awaited, the next steps are with the device already. */
  async function costs(options: Partial<RolloutRequest> & { readonly stepsPerRead: number }): Promise<readonly Counters[]> {
    const reads: Counters[] = [];
    const { dispatcher } = fixture.gpu;
    let steps = 0;
    const onStep = () => {
      if (steps++ % options.stepsPerRead === 0) reads.push(dispatcher.work());
    };
    const { mask: _, ...unmasked } = request;
    const maxNewTokens = 1 + 4 * options.stepsPerRead;
    await rollOut(session, { ...unmasked, ...options, sampling: { ...sampling, maxNewTokens }, onStep });
    expect(steps).toBe(maxNewTokens);
    // Without the first, which read the prompt and recorded, and the last, when nothing was left to begin.
    return reads.slice(2, -1).map((now, i) => {
      const before = reads[i + 1] as Counters;
      const names = Object.keys(now) as (keyof Counters)[];
      return Object.fromEntries(names.map((name) => [name, now[name] - before[name]])) as unknown as Counters;
    });
  }

  it("costs five dispatches per layer and four, an eighth of a pass, submit and readback, four bytes, and nothing is made", async () => {
    const layers = session.model.text.weights.layers.length;
    const spent = await costs({ rollouts: 1, stepsPerRead: 8 });
    expect(spent.length).toBe(2);
    const dispatches = 8 * (5 * layers + 4);
    for (const cost of spent) expect(cost).toEqual({ ...noWork(), dispatches, mapBytes: 8 * 4, submits: 1, passes: 1, maps: 1 });
  });

  it("costs a few dispatches more with its twin, whatever is kept of both", async () => {
    const layers = session.model.text.weights.layers.length;
    const { rollouts, mask } = request;
    const spent = await costs({ rollouts, ...(mask && { mask }), alternatives: 3, stepsPerRead: 4 });
    // Per rollout an id, a row of statistics, and 3 alternatives (id and two log-probs) under either condition.
    const mapBytes = 4 * rollouts * 4 * (1 + headStatsWidth + 2 * 3 * 3);
    const { dispatches } = spent[0] as Counters;
    expect(dispatches).toBeLessThanOrEqual(4 * (5 * layers + 10));
    for (const cost of spent) expect(cost).toEqual({ ...noWork(), dispatches, mapBytes, submits: 1, passes: 1, maps: 1 });
  });
});
