// Scoring on the tiny model and wasm: what is left out is absent, and nothing else changes.

import { dispose } from "@tensorflow/tfjs-core";
import { expect, it } from "vitest";
import { setUpWasm } from "@/ops/test/wasmFixture";
import { prepare } from "./decoding/rollouts";
import { openSession, uniformPrecision } from "./loading/openSession";
import { scoreResponses, scoreWithoutJsd } from "./score";
import { fixtureFolder } from "./test/fixtureFolder";
import { blackening, question } from "./test/tinySession";

setUpWasm();

it("gives the same statistics with and without the Jensen-Shannon divergence, which is not there then", async () => {
  using session = await openSession(fixtureFolder("smolvlm"), "tiny", { precision: uniformPrecision("f32") });
  const [prepared] = prepare(session, { questions: [question(0)], rollouts: 2, mask: blackening });
  const { prompt, images, masked } = prepared!;
  const responses = [Int32Array.of(5, 9, 14), Int32Array.of(7, 2)];
  const group = {
    prompt,
    responses,
    features: session.encodeTogether(images),
    masked: masked.map((set) => session.encodeSeen(set, undefined)),
  };
  const all = await scoreResponses(session, [group]);
  const some = await scoreWithoutJsd(session, [group]);
  expect(all.map(({ jsd, kl }) => [jsd.length, kl.some((value) => value > 0)])).toEqual([
    [3, true],
    [2, true],
  ]);
  expect(some).toEqual(all.map(({ jsd: _, ...rest }) => rest));
  expect(some.some((stats) => "jsd" in stats)).toBe(false);
  dispose([group.features, ...group.masked]);
});
