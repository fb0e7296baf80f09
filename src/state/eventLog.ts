// The last things that happened on the page, for a fault report: what was loaded, asked and trained, how it ended, and which messages came.
// In memory only, and without the user's texts: no question, answer, picture or token is in it.

import type { AppState } from "./store";
import { useStore } from "./store";

/** One event, at its time since the page was opened. */
export interface PageEvent {
  readonly atMs: number;
  readonly text: string;
}

const kept = 50;
const events: PageEvent[] = [];

/** The newest events, the oldest first. */
export function lastEvents(): readonly PageEvent[] {
  return events;
}

/** Writes an event down; the oldest one makes room. */
export function note(text: string, atMs = performance.now()): void {
  events.push({ atMs, text });
  if (events.length > kept) events.shift();
}

/** What changed between two states, in words; nothing for what happens many times a second. */
export function changesOf(now: AppState, before: AppState): readonly string[] {
  const found: string[] = [];
  if (now.device !== before.device && now.device) found.push(`device: ${now.device.backend}, ${now.device.adapter}`);
  if (now.model.status !== before.model.status) found.push(`model: ${now.model.status}`);
  if (now.ask.status !== before.ask.status) found.push(`answer: ${now.ask.status}`);
  if (now.training.status !== before.training.status) found.push(`training: ${now.training.status}, step ${now.training.step}`);
  else if (now.training.step !== before.training.step) found.push(`training: step ${now.training.step} done`);
  if (now.training.status === "running" && before.training.status === "running" && now.training.phase !== before.training.phase) {
    found.push(`training: ${now.training.phase}`);
  }
  if (now.loss !== before.loss) found.push(now.loss ? `lost: ${now.loss}` : "back again");
  const newest = now.messages.at(-1);
  if (newest && newest !== before.messages.at(-1) && now.messages.length >= before.messages.length) {
    found.push(`${newest.tone}: ${newest.text}`);
  }
  return found;
}

/** Follows the page from now on; returns the way to stop. */
export function followEvents(): () => void {
  return useStore.subscribe((now, before) => {
    for (const text of changesOf(now, before)) note(text);
  });
}
