// What can go wrong between a hub and a page, to be switched on by tests.

import * as v from "valibot";

const common = {
  /** Requests whose path contains this. */
  match: v.string(),
  /** Matching requests that go well before the fault begins. */
  afterRequests: v.optional(v.number(), 0),
  /** Requests that fail; all when absent. */
  times: v.optional(v.number(), Number.POSITIVE_INFINITY),
};

/** One fault; the comment says what the server does. */
const faultSchema = v.variant("kind", [
  /** Breaks the connection after so many bytes of the answer's body. */
  v.object({ ...common, kind: v.literal("cutMidShard"), afterBytes: v.number() }),
  /** Sends no more bytes after so many, and keeps the connection open. */
  v.object({ ...common, kind: v.literal("stall"), afterBytes: v.number() }),
  /** Announces a file that is longer (or shorter, when negative) than what it sends. */
  v.object({ ...common, kind: v.literal("wrongLength"), extraBytes: v.number() }),
  /** Ends an answer after so many bytes as if it were whole. */
  v.object({ ...common, kind: v.literal("endEarly"), afterBytes: v.number() }),
  /** Serves at most so many bytes of what was asked for, and says so (which HTTP allows). */
  v.object({ ...common, kind: v.literal("smallParts"), bytes: v.number() }),
  /** Sends another range than was asked for. */
  v.object({ ...common, kind: v.literal("wrongRange") }),
  v.object({ ...common, kind: v.literal("notFound"), code: v.optional(v.string(), "EntryNotFound") }),
  /** A server for development: 200 and its index page. */
  v.object({ ...common, kind: v.literal("indexPage") }),
  v.object({ ...common, kind: v.literal("unauthorized"), code: v.optional(v.string()) }),
  v.object({ ...common, kind: v.literal("forbidden"), code: v.optional(v.string()) }),
  /** A gated repository: lets in those who send this token. */
  v.object({ ...common, kind: v.literal("gated"), token: v.string() }),
  /** 429, with Retry-After in seconds or as a date. */
  v.object({ ...common, kind: v.literal("rateLimited"), retryAfter: v.optional(v.string()) }),
  /** 200 and the whole file. */
  v.object({ ...common, kind: v.literal("ignoreRange") }),
  /** Another commit and ETag than before. */
  v.object({ ...common, kind: v.literal("changedRevision") }),
  v.object({
    ...common,
    kind: v.literal("serverError"),
    status: v.optional(v.number(), 500),
    retryAfter: v.optional(v.string()),
  }),
  v.object({ ...common, kind: v.literal("slow"), bytesPerSecond: v.number() }),
  /** Flips the bits of one byte of the file. */
  v.object({ ...common, kind: v.literal("corrupt"), position: v.number() }),
]);

/** A fault as it is switched on. */
export type FaultRequest = v.InferInput<typeof faultSchema>;
/** A fault with its defaults. */
export type Fault = v.InferOutput<typeof faultSchema>;

/** The faults that are on. */
export class Faults {
  private active: { readonly fault: Fault; seen: number }[] = [];

  add(request: unknown): void {
    this.active.push({ fault: v.parse(faultSchema, request), seen: 0 });
  }

  clear(): void {
    this.active = [];
  }

  /** The faults that befall a request for `path`; counts it. */
  of(path: string): Fault[] {
    const befalling: Fault[] = [];
    for (const entry of this.active) {
      if (!path.includes(entry.fault.match)) continue;
      const { afterRequests, times } = entry.fault;
      if (entry.seen >= afterRequests && entry.seen < afterRequests + times) befalling.push(entry.fault);
      entry.seen++;
    }
    return befalling;
  }
}
