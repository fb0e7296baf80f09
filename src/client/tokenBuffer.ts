// Tokens of the shown answer, outside React: append-only typed arrays per rollout, a version number and listeners. The engine's
// chunks and the recorded example fill it the same way; views read columns as views into the arrays and never copy them.

import { type TokenChunk, type TokenStat, type TokenTexts, tokenStatColumns } from "@/protocol/generation";
import type { TokenStats } from "@/rl/dependency";

/** The most likely tokens of one position under one condition. */
export interface TopTokens {
  readonly ids: Int32Array;
  /** Log-probability under this condition. */
  readonly logp: Float32Array;
  /** Log-probability of the same token under the other condition. */
  readonly other: Float32Array;
}

/** Runs a notification: at once, or batched to the next frame. */
export type Schedule = (notify: () => void) => void;

interface RolloutColumns {
  length: number;
  finished: "stop" | "length" | null;
  ids: Int32Array;
  stats: Record<TokenStat, Float32Array>;
  topIds: Int32Array;
  topLogp: Float32Array;
  topOther: Float32Array;
}

const firstCapacity = 64;

/** Append-only token data of G rollouts. */
export class TokenBuffer {
  /** Grows with every change. */
  version = 0;
  /** Grows when a new answer starts: everything drawn before is void. */
  epoch = 0;
  topK = 0;
  private rollouts: RolloutColumns[] = [];
  private texts = new Map<number, string>();
  private readonly listeners = new Set<() => void>();
  private isScheduled = false;

  constructor(private readonly schedule: Schedule = (notify) => notify()) {}

  /** Starts a new answer of so many rollouts with `topK` alternatives per token and condition. */
  start(rolloutCount: number, topK: number): void {
    this.topK = topK;
    this.rollouts = Array.from({ length: rolloutCount }, () => emptyColumns(topK));
    this.epoch++;
    this.changed();
  }

  /** Appends the rows of a chunk; rows of unknown rollouts are an error of the sender. */
  append(chunk: TokenChunk, texts: TokenTexts): void {
    for (const [id, text] of Object.entries(texts)) this.texts.set(Number(id), text);
    const columns = tokenStatColumns.length;
    const topSize = 2 * this.topK;
    for (let row = 0; row < chunk.ids.length; row++) {
      const rollout = this.columnsOf(chunk.rollout[row] as number);
      if (rollout.length === rollout.ids.length) grow(rollout, this.topK);
      const t = rollout.length++;
      rollout.ids[t] = chunk.ids[row] as number;
      tokenStatColumns.forEach((name, column) => {
        rollout.stats[name][t] = chunk.stats[row * columns + column] as number;
      });
      rollout.topIds.set(chunk.topIds.subarray(row * topSize, (row + 1) * topSize), t * topSize);
      rollout.topLogp.set(chunk.topLogp.subarray(row * topSize, (row + 1) * topSize), t * topSize);
      rollout.topOther.set(chunk.topOther.subarray(row * topSize, (row + 1) * topSize), t * topSize);
    }
    this.changed();
  }

  /** Marks a rollout as complete. */
  finishRollout(rollout: number, reason: "stop" | "length"): void {
    this.columnsOf(rollout).finished = reason;
    this.changed();
  }

  get rolloutCount(): number {
    return this.rollouts.length;
  }

  /** Number of tokens of a rollout so far. */
  length(rollout: number): number {
    return this.rollouts[rollout]?.length ?? 0;
  }

  /** Why a rollout ended; null while it is running. */
  finished(rollout: number): "stop" | "length" | null {
    return this.columnsOf(rollout).finished;
  }

  /** Token ids of a rollout, [T]. */
  ids(rollout: number): Int32Array {
    const columns = this.columnsOf(rollout);
    return columns.ids.subarray(0, columns.length);
  }

  /** The measured columns of a rollout, [T] each, in nats (top1Drop: probability). */
  stats(rollout: number): TokenStats {
    const { stats, length } = this.columnsOf(rollout);
    return {
      logp: stats.logp.subarray(0, length),
      logpMasked: stats.logpMasked.subarray(0, length),
      kl: stats.kl.subarray(0, length),
      jsd: stats.jsd.subarray(0, length),
      entropy: stats.entropy.subarray(0, length),
      entropyMasked: stats.entropyMasked.subarray(0, length),
      top1Drop: stats.top1Drop.subarray(0, length),
    };
  }

  /** Most likely tokens at a position: 0 with the image, 1 with the masked image. */
  top(rollout: number, token: number, condition: 0 | 1): TopTokens {
    const columns = this.columnsOf(rollout);
    const start = (token * 2 + condition) * this.topK;
    const end = start + this.topK;
    return {
      ids: columns.topIds.subarray(start, end),
      logp: columns.topLogp.subarray(start, end),
      other: columns.topOther.subarray(start, end),
    };
  }

  /** Display text of a token id. */
  text(id: number): string {
    return this.texts.get(id) ?? `⟨${id}⟩`;
  }

  /** Display text of the token at a position of a rollout. */
  tokenText(rollout: number, token: number): string {
    return this.text(this.columnsOf(rollout).ids[token] as number);
  }

  /** The whole text of a rollout, special tokens included. */
  rolloutText(rollout: number): string {
    let text = "";
    for (const id of this.ids(rollout)) text += this.text(id);
    return text;
  }

  /** Calls back after changes, once per scheduled notification; returns the way to stop. */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  private columnsOf(rollout: number): RolloutColumns {
    const columns = this.rollouts[rollout];
    if (!columns) throw new RangeError(`rollout ${rollout} of ${this.rollouts.length}`);
    return columns;
  }

  private changed(): void {
    this.version++;
    if (this.isScheduled) return;
    this.isScheduled = true;
    this.schedule(() => {
      this.isScheduled = false;
      for (const listener of this.listeners) listener();
    });
  }
}

function emptyColumns(topK: number): RolloutColumns {
  const column = () => new Float32Array(firstCapacity);
  return {
    length: 0,
    finished: null,
    ids: new Int32Array(firstCapacity),
    stats: {
      logp: column(),
      logpMasked: column(),
      kl: column(),
      jsd: column(),
      entropy: column(),
      entropyMasked: column(),
      top1Drop: column(),
    },
    topIds: new Int32Array(firstCapacity * 2 * topK),
    topLogp: new Float32Array(firstCapacity * 2 * topK),
    topOther: new Float32Array(firstCapacity * 2 * topK),
  };
}

function grow(columns: RolloutColumns, topK: number): void {
  const capacity = columns.ids.length * 2;
  columns.ids = copyInto(new Int32Array(capacity), columns.ids);
  for (const name of tokenStatColumns) columns.stats[name] = copyInto(new Float32Array(capacity), columns.stats[name]);
  columns.topIds = copyInto(new Int32Array(capacity * 2 * topK), columns.topIds);
  columns.topLogp = copyInto(new Float32Array(capacity * 2 * topK), columns.topLogp);
  columns.topOther = copyInto(new Float32Array(capacity * 2 * topK), columns.topOther);
}

function copyInto<T extends Int32Array | Float32Array>(target: T, source: T): T {
  target.set(source);
  return target;
}
