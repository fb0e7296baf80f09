// How rollouts and their twins lie in a batch: a lane is a row of the decoder over the whole answer, with the prefix it shares and the
// cache rows of its own. Pure arithmetic; features pass through untouched.

import type { Tensor } from "@tensorflow/tfjs-core";
import type { PackedPrompt } from "../packing";
import type { BatchRows } from "./decodeBatch";

/** One prompt with its image and masked images. */
export interface RolloutGroup {
  readonly prompt: PackedPrompt;
  readonly features: Tensor; // [F, D]
  /** Features of the masked image: one for the whole group, or one per rollout; none to decode without twins. */
  readonly masked: readonly Tensor[];
  readonly rollouts: number;
  /** Random stream of the group's first rollout; the others follow. */
  readonly firstStream: number;
}

/** A row of the decoder over the whole answer: a rollout with its picture, or its twin. */
export interface Lane {
  readonly prefixStart: number;
  readonly prefixLength: number;
  /** First cache row of its own. */
  readonly segment: number;
  /** Position of the last prompt token, which is the first one to be fed; all axes advance together from there. */
  readonly position: number;
  readonly tokenId: number;
  readonly stream: number;
}

/** Where the lanes of the rollouts that still run stand after the tokens they have. */
export function rowsOf(
  lanes: readonly Lane[],
  running: readonly number[],
  rollouts: readonly { readonly ids: readonly number[] }[],
  seed: number,
): BatchRows {
  const copies = lanes.length / rollouts.length;
  const own = Array.from({ length: copies }, (_, copy) =>
    running.map((i) => ({ rollout: i, lane: copy * rollouts.length + i })),
  ).flat();
  const at = own.map(({ rollout, lane }) => {
    const ids = rollouts[rollout]?.ids ?? [];
    return { ...(lanes[lane] as Lane), done: ids.length, last: ids.at(-1) };
  });
  return {
    sampling: Int32Array.from(at.slice(0, running.length).flatMap(({ stream, done }) => [seed, stream, done, 1])),
    rows: Int32Array.from(
      at.flatMap(({ prefixStart, prefixLength, segment, done }) => [prefixStart, prefixLength, segment, prefixLength + 1 + done]),
    ),
    positions: Int32Array.from(at, ({ position, done }) => position + done),
    slots: Int32Array.from(at, ({ segment, done }) => segment + done),
    tokenIds: Int32Array.from(at, ({ tokenId, last }) => last ?? tokenId),
  };
}

interface Prefix {
  readonly group: number;
  readonly features: Tensor;
}

/** Physical rows of prefixes and of the lanes' own segments. Lanes with the picture come first, twins after them. */
export function layOut(groups: readonly RolloutGroup[], maxNewTokens: number, withTwins: boolean) {
  const prefixes: (Prefix & { readonly start: number })[] = [];
  let end = 0;
  const addPrefix = (group: number, features: Tensor): number => {
    prefixes.push({ group, features, start: end });
    end += (groups[group] as RolloutGroup).prompt.ids.length - 1;
    return prefixes.length - 1;
  };
  const own: { group: number; prefix: number; stream: number }[] = [];
  const twins: typeof own = [];
  groups.forEach((group, g) => {
    const image = addPrefix(g, group.features);
    const masked = withTwins ? group.masked.map((features) => addPrefix(g, features)) : [];
    for (let r = 0; r < group.rollouts; r++) {
      const stream = group.firstStream + r;
      own.push({ group: g, prefix: image, stream });
      if (withTwins) twins.push({ group: g, prefix: masked[masked.length === 1 ? 0 : r] as number, stream });
    }
  });
  const lanes = [...own, ...twins].map(({ group, prefix, stream }, row): Lane => {
    const { prompt } = groups[group] as RolloutGroup;
    const prefixLength = prompt.ids.length - 1;
    return {
      prefixStart: prefixes[prefix]?.start ?? 0,
      prefixLength,
      segment: end + row * maxNewTokens,
      position: prompt.next - 1,
      tokenId: prompt.ids[prefixLength] as number,
      stream,
    };
  });
  return { lanes, prefixes, groupOf: own.map(({ group }) => group) };
}
