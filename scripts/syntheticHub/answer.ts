// One answer of the synthetic hub: what it says (status, headers) and how it goes wrong.

import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { rangeOf } from "../server.mjs";
import type { Fault } from "./faults";
import type { ServedFile } from "./shards";

/** How a body is sent. */
export interface Body {
  readonly begin: number;
  /** Where sending stops. */
  readonly end: number;
  /** What happens there. */
  readonly after: "end" | "cut" | "stall";
  readonly bytesPerSecond?: number | undefined;
  /** Byte of the file whose bits are flipped. */
  readonly corrupt?: number | undefined;
}

/** An answer; `body` for a file, `text` for everything else. */
export interface PlannedAnswer {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly text?: string;
  readonly body?: Body;
  /** Whether the repository pretends to have another commit. */
  readonly changed: boolean;
}

const pieceBytes = 1 << 20;

/** Answers that are no file, because of a fault; undefined when none applies. */
function refusal(fault: Fault): Omit<PlannedAnswer, "changed"> | undefined {
  const code: Record<string, string> = "code" in fault && fault.code !== undefined ? { "X-Error-Code": fault.code } : {};
  const after: Record<string, string> =
    "retryAfter" in fault && fault.retryAfter !== undefined ? { "Retry-After": fault.retryAfter } : {};
  switch (fault.kind) {
    case "notFound":
      return { status: 404, headers: code };
    case "unauthorized":
      return { status: 401, headers: code };
    case "forbidden":
      return { status: 403, headers: code };
    case "gated":
      return { status: 401, headers: { "X-Error-Code": "GatedRepo" } };
    case "rateLimited":
      return { status: 429, headers: after };
    case "serverError":
      return { status: fault.status, headers: after };
    case "indexPage":
      return { status: 200, headers: { "Content-Type": "text/html" }, text: "<!doctype html><title>index</title>" };
    default:
      return undefined;
  }
}

/** The answer to a request for a file under the faults that befall it. */
export function planAnswer(
  file: ServedFile | undefined,
  rangeHeader: string | undefined,
  faults: readonly Fault[],
): PlannedAnswer {
  const find = <K extends Fault["kind"]>(kind: K) => faults.find((one): one is Extract<Fault, { kind: K }> => one.kind === kind);
  const changed = find("changedRevision") !== undefined;
  for (const fault of faults) {
    const refused = refusal(fault);
    if (refused) return { ...refused, changed };
  }
  if (!file) return { status: 404, headers: { "X-Error-Code": "EntryNotFound" }, changed };
  const range = find("ignoreRange") ? undefined : rangeOf(rangeHeader, file.size);
  if (range === null) return { status: 416, headers: { "Content-Range": `bytes */${file.size}` }, changed };

  const [from = 0, last = file.size - 1] = range ?? [];
  const begin = find("wrongRange") && range ? Math.max(0, from - 8) : from;
  const stop = Math.min(last + 1, begin + (find("smallParts")?.bytes ?? Number.POSITIVE_INFINITY));
  const total = file.size + (find("wrongLength")?.extraBytes ?? 0);
  const announcedEnd = stop === file.size ? total : stop;
  const [cut, stall, early] = [find("cutMidShard"), find("stall"), find("endEarly")];
  const end = Math.min(stop, begin + ((cut ?? stall ?? early)?.afterBytes ?? stop));
  // Without a Content-Length the answer is sent in chunks, and only its end says how long it is.
  const honest = announcedEnd === stop && !early;
  return {
    status: range ? 206 : 200,
    headers: {
      "Accept-Ranges": "bytes",
      "Content-Type": file.contentType,
      ...(range && { "Content-Range": `bytes ${begin}-${announcedEnd - 1}/${total}` }),
      ...(honest && { "Content-Length": String(stop - begin) }),
    },
    body: {
      begin,
      end,
      after: cut ? "cut" : stall ? "stall" : "end",
      bytesPerSecond: find("slow")?.bytesPerSecond,
      corrupt: find("corrupt")?.position,
    },
    changed,
  };
}

/** Resolves when the network took what was written, or the other side has gone. */
async function drained(response: ServerResponse): Promise<void> {
  const over = new AbortController();
  const events = ["drain", "close"].map((event) => once(response, event, { signal: over.signal }));
  await Promise.race(events);
  over.abort();
  await Promise.allSettled(events);
}

/** Writes a body with back-pressure; `onSent` hears of every piece. */
export async function sendBody(
  response: ServerResponse,
  file: ServedFile,
  { begin, end, after, bytesPerSecond, corrupt = -1 }: Body,
  onSent: (bytes: number) => void,
): Promise<void> {
  response.flushHeaders();
  const piece = bytesPerSecond === undefined ? pieceBytes : Math.max(1, Math.ceil(bytesPerSecond / 20));
  for (let at = begin; at < end && !response.destroyed; at += piece) {
    const pieceEnd = Math.min(at + piece, end);
    let bytes = file.read(at, pieceEnd);
    if (corrupt >= at && corrupt < pieceEnd) {
      bytes = bytes.map((byte, i) => (i === corrupt - at ? byte ^ 0xff : byte));
    }
    if (!response.write(bytes) && !response.destroyed) await drained(response);
    onSent(bytes.length);
    if (bytesPerSecond !== undefined) await delay((1000 * bytes.length) / bytesPerSecond);
  }
  if (after === "end") response.end();
  if (after === "cut") {
    // What was written gets time to leave before the connection breaks.
    await delay(20);
    response.destroy();
  }
}
