// What must hold exactly on any checkpoint, without reference numbers: equal images have a KL of 0, scoring repeats bit for bit,
// a row does not feel the rows around it, and rollouts report the log-probs that scoring finds.

import { dispose } from "@tensorflow/tfjs-core";
import { type VerifyLine, verifyLine } from "@/lib/verifyLine";
import type { TokenStats } from "@/rl/dependency";
import { generate } from "../decoding/generate";
import { tokenStatsOf } from "../decoding/rollouts";
import { scoreResponses } from "../score";
import type { Session } from "../session";
import { compareBits, joined } from "./compare";
import type { GoldenCase } from "./goldenFiles";

const batchSize = 8;
const decodedTokens = 24;

/** Every number of the statistics, in one list. */
function flat(stats: readonly TokenStats[]): Float32Array {
  return joined(
    stats.flatMap(({ logp, logpMasked, kl, jsd, entropy, entropyMasked, top1Drop }) => [
      logp,
      logpMasked,
      kl,
      jsd,
      entropy,
      entropyMasked,
      top1Drop,
    ]),
  );
}

const largestOf = (values: ArrayLike<number>) =>
  Math.max(0, ...Array.from(values, (x) => (Number.isNaN(x) ? Infinity : Math.abs(x))));

/** Worst of several comparisons of one kind. */
function worst(lines: readonly VerifyLine[]): VerifyLine {
  return lines.reduce((a, b) => (b.ok ? a : b));
}

/** Runs the checks on the two shortest of the cases: what they find does not depend on length, what they cost does. */
export async function checkExactness(
  session: Session,
  cases: readonly GoldenCase[],
  emit: (line: VerifyLine) => void,
  repetitions = 20,
): Promise<void> {
  const { rope } = session;
  const { text } = session.model;
  const processed = (pictures: GoldenCase["pictures"]) => pictures.map((picture) => session.process(picture));
  const chosen = [...cases].sort((a, b) => a.input_ids.length - b.input_ids.length).slice(0, 2);
  const owned = chosen.map(({ pictures, maskedPictures, input_ids: ids, prompt_length: length }) => ({
    prompt: session.promptOfIds(Int32Array.from(ids.slice(0, length)), processed(pictures)),
    responses: [Int32Array.from(ids.slice(length))],
    features: session.encodeTogether(processed(pictures)),
    again: session.encodeTogether(processed(pictures)),
    masked: [session.encodeTogether(processed(maskedPictures))],
  }));
  const [first] = owned;
  if (!first) return;
  try {
    const equal = await scoreResponses(session, [{ ...first, masked: [first.again] }]);
    emit(verifyLine("KL of equal images", largestOf(joined(equal.flatMap(({ kl, jsd, top1Drop }) => [kl, jsd, top1Drop]))), 0));

    const alone = flat(await scoreResponses(session, [first]));
    const repeated: VerifyLine[] = [];
    for (let i = 1; i < repetitions; i++)
      repeated.push(compareBits(`scoring ${repetitions} times`, flat(await scoreResponses(session, [first])), alone));
    emit(worst(repeated));

    // Once among other prompts, once among other answers to its own prompt.
    const name = `a row alone and in a batch of ${batchSize}`;
    const response = first.responses[0] as Int32Array;
    const others = Array.from({ length: batchSize }, (_, i) => response.slice(i % 3).reverse());
    const prompts = others.map((other, i) => (i === 1 ? (owned[1] ?? first) : { ...first, responses: [other] }));
    const places = [0, batchSize - 1];
    const among: VerifyLine[] = [];
    for (const place of places) {
      const groups = prompts.map((group, i) => (i === place ? first : group));
      const apart = await scoreResponses(session, groups);
      among.push(compareBits(name, flat(apart.slice(place, place + 1)), alone));
      const siblings = others.map((other, i) => (i === place ? response : other));
      const together = await scoreResponses(session, [{ ...first, responses: siblings }]);
      among.push(compareBits(name, flat(together.slice(place, place + 1)), alone));
    }
    emit(worst(among));

    const sampling = { temperature: 1, topP: 1, topK: 0, seed: 7, maxNewTokens: decodedTokens, alternatives: 0 };
    const groups = owned.map(({ prompt, features, masked }, i) => ({
      prompt,
      features,
      masked,
      rollouts: 4,
      firstStream: i * 4,
    }));
    const rollouts = await generate(text, groups, rope, { ...sampling, eosIds: session.eosIds });
    const scored = await scoreResponses(
      session,
      owned.map((group, g) => ({ ...group, responses: rollouts.filter((r) => r.group === g).map(({ ids }) => ids) })),
    );
    const decoded = rollouts.map(tokenStatsOf);
    const column = (of: readonly TokenStats[], key: keyof TokenStats) => joined(of.map((stats) => stats[key]));
    for (const [key, label] of [
      ["logp", "log-probs"],
      ["logpMasked", "masked log-probs"],
      ["kl", "KL"],
    ] as const)
      emit(compareBits(`rollout ${label} and scored ones`, column(decoded, key), column(scored, key)));

    const twins = [{ prompt: first.prompt, features: first.features, masked: [first.again], rollouts: 2, firstStream: 0 }];
    const same = await generate(text, twins, rope, { ...sampling, eosIds: session.eosIds });
    emit(verifyLine("KL of equal images while decoding", largestOf(joined(same.map((rollout) => tokenStatsOf(rollout).kl))), 0));
  } finally {
    for (const { features, again, masked } of owned) dispose([features, again, ...masked]);
  }
}
