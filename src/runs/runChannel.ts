// What page and worker, and the page's other tabs, tell each other about stored runs beside the database: that the list changed, and
// that there is no room for a step. Nothing depends on a message arriving.

import * as v from "valibot";
import type { Schema } from "./settingsSchema";

export type RunMessage = { readonly type: "changed" } | { readonly type: "full"; readonly neededBytes: number };

const messageSchema: Schema<RunMessage> = v.variant("type", [
  v.object({ type: v.literal("changed") }),
  v.object({ type: v.literal("full"), neededBytes: v.pipe(v.number(), v.finite(), v.minValue(0)) }),
]);

const name = "vppo-playground.runs";

/** Sends to every other listener of this origin; does nothing where there are no channels. */
export function runSender(): (message: RunMessage) => void {
  let channel: BroadcastChannel | undefined;
  return (message) => {
    if (typeof BroadcastChannel === "undefined") return;
    channel ??= new BroadcastChannel(name);
    channel.postMessage(message);
  };
}

/** Calls back with what others send; returns the way to stop. */
export function listenToRuns(onMessage: (message: RunMessage) => void): () => void {
  if (typeof BroadcastChannel === "undefined") return () => undefined;
  const channel = new BroadcastChannel(name);
  channel.onmessage = ({ data }: MessageEvent<unknown>) => {
    const message = v.safeParse(messageSchema, data);
    // Another version of the page may say other things.
    if (message.success) onMessage(message.output);
  };
  return () => channel.close();
}
