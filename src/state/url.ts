// The URL hash: the only file that knows how state is written there. Versioned, defaults omitted, one key per row of the settings
// table plus the pinned tokens and the sample. Everything read is checked; what cannot be used becomes a sentence, never a value.
// The same text, with the texts that a link never holds, is what `persist.ts` keeps between visits.

import { applyPreset } from "./presets";
import type { TokenSpan } from "./selection";
import { defaultSettings, type Setting, type Settings, settingsTable } from "./settings";

/** What the hash can hold. */
export interface SharedState {
  readonly settings: Settings;
  readonly pinned: TokenSpan | null;
  readonly sample: string | null;
}

/** What a hash means, and a sentence for everything in it that was not usable. */
export interface DecodedState extends SharedState {
  readonly problems: readonly string[];
}

const version = "1";

/** Where the text of a state goes: into a link, or into this machine's storage, which also holds the user's own texts. */
export type StateTarget = "link" | "storage";

/** The hash for a state, without "#"; empty when nothing differs from the defaults. */
export function encodeState({ settings, pinned, sample }: SharedState, target: StateTarget = "link"): string {
  const parts = new URLSearchParams();
  const base = applyPreset(defaultSettings, settings.preset);
  for (const row of settingsTable) {
    if (row.kind === "text" && target === "link") continue;
    const value = settings[row.key];
    const isDefault = row.key === "preset" ? value === defaultSettings.preset : value === base[row.key];
    if (!isDefault) parts.set(row.urlKey, typeof value === "boolean" ? switchText(value) : String(value));
  }
  if (sample !== null) parts.set("sample", sample);
  if (pinned) parts.set("pin", `${pinned.rollout}.${pinned.start}.${pinned.end}`);
  const text = parts.toString();
  return text === "" ? "" : `v=${version}&${text}`;
}

const switchText = (isOn: boolean) => (isOn ? "on" : "off");

/** Reads a hash, with or without "#". */
export function decodeState(hash: string, target: StateTarget = "link"): DecodedState {
  const parts = new URLSearchParams(hash.replace(/^#/, ""));
  const problems: string[] = [];
  const written = parts.get("v");
  if (written !== null && written !== version) {
    problems.push(
      `The link was made by another version (${written}): settings it knows and this page does not are ignored. Check them.`,
    );
  }
  const changes: Partial<Record<keyof Settings, Settings[keyof Settings]>> = {};
  for (const row of settingsTable) {
    if (row.kind === "text" && target === "link") continue;
    const text = parts.get(row.urlKey);
    if (text === null) continue;
    const checked = checkSetting(row, text);
    if (checked.ok) changes[row.key] = checked.value;
    else problems.push(checked.problem);
  }
  // checkSetting has made every value one that its row allows.
  const known = changes as Partial<Settings>;
  const settings = { ...applyPreset(defaultSettings, known.preset ?? defaultSettings.preset), ...known };
  return { settings, pinned: readPin(parts.get("pin"), problems), sample: parts.get("sample"), problems };
}

type Checked =
  | { readonly ok: true; readonly value: number | string | boolean }
  | { readonly ok: false; readonly problem: string };

/** Reads the text of one setting as its row allows it. */
export function checkSetting(row: Setting, text: string): Checked {
  if (row.kind === "choice") {
    const isKnown = row.options.some((option) => option.value === text);
    if (isKnown) return { ok: true, value: text };
    const choices = row.options.map((option) => option.value).join(", ");
    return { ok: false, problem: problemOf(row, text, row.default, `Allowed: ${choices}`) };
  }
  if (row.kind === "switch") {
    if (text === "on" || text === "off") return { ok: true, value: text === "on" };
    return { ok: false, problem: problemOf(row, text, switchText(row.default), "Allowed: on, off") };
  }
  if (row.kind === "text") {
    if (text.length <= row.maxLength) return { ok: true, value: text };
    return { ok: false, problem: problemOf(row, text, "as at first", `Allowed: ${row.maxLength} characters`) };
  }
  const value = text.trim() === "" ? Number.NaN : Number(text);
  const isUsable = Number.isFinite(value) && value >= row.min && value <= row.max && !(row.integer && !Number.isInteger(value));
  if (isUsable) return { ok: true, value };
  const range = `${row.min} to ${row.max}${row.integer ? ", whole numbers" : ""}`;
  return { ok: false, problem: problemOf(row, text, row.default, `Allowed: ${range}`) };
}

function problemOf(row: Setting, text: string, fallback: number | string, allowed: string): string {
  const shown = text.length > 40 ? `${text.slice(0, 40)}…` : text;
  return `${row.label} in the link was not used: “${shown}” is not a value it can have. It is ${fallback} now. ${allowed}.`;
}

function readPin(text: string | null, problems: string[]): TokenSpan | null {
  if (text === null) return null;
  const match = /^(\d{1,6})\.(\d{1,6})\.(\d{1,6})$/.exec(text);
  const [rollout, start, end] = match ? match.slice(1).map(Number) : [];
  if (rollout === undefined || start === undefined || end === undefined || start > end) {
    problems.push(
      "The pinned tokens in the link were not used: they are not written as rollout.first.last. Pin a token by clicking it.",
    );
    return null;
  }
  return { rollout, start, end };
}
