// Tokens of the shown answer, outside React: append-only typed arrays per rollout, a version number and listeners. The engine's
// chunks and the recorded example fill it the same way; views read columns as views into the arrays and never copy them. An answer can
// be taken out as a handle and put back later: nothing is copied, and what still streams into it goes on, shown or not.

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

/** The tokens of one answer: what the buffer shows, or what it was taken out of. Only buffers read and write it. */
export interface TokenSnapshot {
  readonly topK: number;
  readonly rollouts: readonly RolloutColumns[];
  /** Display texts by id; another model's ids mean other texts. */
  texts: Map<number, string>;
}

const firstCapacity = 64;

/** Append-only token data of G rollouts. */
export class TokenBuffer {
  /** Grows with every change. */
  version = 0;
  /** Grows when a new answer starts: everything drawn before is void. */
  epoch = 0;
  /** What has been sent so far; the engine sends every text once per model. */
  private texts = new Map<number, string>();
  private shown: TokenSnapshot = { topK: 0, rollouts: [], texts: this.texts };
  private readonly listeners = new Set<() => void>();
  private isScheduled = false;

  constructor(private readonly schedule: Schedule = (notify) => notify()) {}

  /** Starts a new answer of so many rollouts with `topK` alternatives per token and condition; returns its handle. */
  start(rolloutCount: number, topK: number): TokenSnapshot {
    const rollouts = Array.from({ length: rolloutCount }, () => emptyColumns(topK));
    this.put({ topK, rollouts, texts: this.texts });
    return this.shown;
  }

  /** The handle of the shown answer, for `put`. */
  get snapshot(): TokenSnapshot {
    return this.shown;
  }

  /** Shows an answer that was taken out of this or of another buffer. */
  put(snapshot: TokenSnapshot): void {
    this.shown = snapshot;
    this.epoch++;
    this.changed();
  }

  /** Appends the rows of a chunk to the shown answer, or to another one; rows of unknown rollouts are an error of the sender. */
  append(chunk: TokenChunk, texts: TokenTexts, into: TokenSnapshot = this.shown): void {
    this.learn(texts, into);
    const columns = tokenStatColumns.length;
    const topSize = 2 * into.topK;
    for (let row = 0; row < chunk.ids.length; row++) {
      const rollout = columnsOf(into, chunk.rollout[row] as number);
      if (rollout.length === rollout.ids.length) grow(rollout, into.topK);
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

  /** Marks a rollout of the shown answer, or of another one, as complete. */
  finishRollout(rollout: number, reason: "stop" | "length", into: TokenSnapshot = this.shown): void {
    columnsOf(into, rollout).finished = reason;
    this.changed();
  }

  /** The first `count` tokens of a rollout as a chunk for `append`, as rows of rollout 0; copies. */
  chunk(rollout: number, count: number): TokenChunk {
    const { ids, stats, topIds, topLogp, topOther } = this.columnsOf(rollout);
    const width = tokenStatColumns.length;
    const rows = new Float32Array(count * width);
    tokenStatColumns.forEach((name, column) => {
      for (let t = 0; t < count; t++) rows[t * width + column] = stats[name][t] as number;
    });
    const top = count * 2 * this.topK;
    return {
      rollout: new Int32Array(count),
      ids: ids.slice(0, count),
      stats: rows,
      topIds: topIds.slice(0, top),
      topLogp: topLogp.slice(0, top),
      topOther: topOther.slice(0, top),
    };
  }

  /** Texts of all tokens of a chunk, as far as the shown answer knows them. */
  textsOf({ ids, topIds }: TokenChunk): TokenTexts {
    const texts: Record<number, string> = {};
    for (const id of [...ids, ...topIds]) {
      const text = this.shown.texts.get(id);
      if (text !== undefined) texts[id] = text;
    }
    return texts;
  }

  /** Alternatives per token and condition. */
  get topK(): number {
    return this.shown.topK;
  }

  get rolloutCount(): number {
    return this.shown.rollouts.length;
  }

  /** Number of tokens of a rollout so far. */
  length(rollout: number): number {
    return this.shown.rollouts[rollout]?.length ?? 0;
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
    return this.shown.texts.get(id) ?? `⟨${id}⟩`;
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
    return columnsOf(this.shown, rollout);
  }

  /** Takes new texts; answers of a model whose ids meant something else keep theirs. */
  private learn(texts: TokenTexts, into: TokenSnapshot): void {
    const entries = Object.entries(texts).map(([id, text]) => [Number(id), text] as const);
    if (entries.length === 0) return;
    const meansOther = entries.some(([id, text]) => (this.texts.get(id) ?? text) !== text);
    if (meansOther) this.texts = new Map(this.texts);
    for (const [id, text] of entries) this.texts.set(id, text);
    into.texts = this.texts;
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

function columnsOf({ rollouts }: TokenSnapshot, rollout: number): RolloutColumns {
  const columns = rollouts[rollout];
  if (!columns) throw new RangeError(`rollout ${rollout} of ${rollouts.length}`);
  return columns;
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
