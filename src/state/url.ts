// The URL hash: the only file that knows how state is written there. Versioned, defaults omitted, one key per row of the settings
// table, and one per kind of selection: sample, pinned tokens, rollout, region, step, tab. Everything read is checked; what cannot be
// used, or is not known, becomes a sentence, never a value.
// The same text, with the texts that a link never holds, is what `persist.ts` keeps between visits.

import { applyPreset } from "./presets";
import type { Region, TokenSpan } from "./selection";
import { defaultSettings, type Setting, type Settings, settingsTable } from "./settings";

/** What of the page's look the hash can hold; null is what the page does by itself. */
export interface SharedLook {
  readonly pinned: TokenSpan | null;
  readonly sample: string | null;
  readonly rollout: number | null;
  readonly region: Region | null;
  /** Training step that is looked at. */
  readonly step: number | null;
  /** Tab of the training drawer. */
  readonly tab: string | null;
}

/** What the hash can hold. */
export interface SharedState extends SharedLook {
  readonly settings: Settings;
}

/** Nothing selected. */
export const emptyLook: SharedLook = { pinned: null, sample: null, rollout: null, region: null, step: null, tab: null };

/** What a hash means, and a sentence for everything in it that was not usable. */
export interface DecodedState extends SharedState {
  readonly problems: readonly string[];
}

const version = "1";
/** Keys of the look, and those that others read: the guide, the shown parts of the page. */
const lookKeys = ["v", "sample", "pin", "roll", "reg", "at", "tab", "guide", "embed", "hide"] as const;
const toldKeys = 5;

/** Where the text of a state goes: into a link, or into this machine's storage, which also holds the user's own texts. */
export type StateTarget = "link" | "storage";

/** The hash for a state, without "#"; empty when nothing differs from the defaults. */
export function encodeState(
  { settings, ...look }: Pick<SharedState, "settings"> & Partial<SharedLook>,
  target: StateTarget = "link",
): string {
  const { pinned, sample, rollout, region, step, tab } = { ...emptyLook, ...look };
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
  else if (rollout !== null) parts.set("roll", String(rollout));
  if (region) parts.set("reg", region.map((edge) => String(Number(edge.toFixed(4)))).join("_"));
  if (step !== null) parts.set("at", String(step));
  if (tab !== null) parts.set("tab", tab);
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
  const pinned = readPin(parts.get("pin"), problems);
  const look: SharedLook = {
    pinned,
    sample: parts.get("sample"),
    rollout: pinned?.rollout ?? readCount(parts.get("roll"), "open rollout", problems),
    region: readRegion(parts.get("reg"), problems),
    step: readCount(parts.get("at"), "step", problems),
    tab: parts.get("tab"),
  };
  if (target === "link") problems.push(...unknownKeys(parts));
  return { settings, ...look, problems };
}

function unknownKeys(parts: URLSearchParams): readonly string[] {
  const known = new Set<string>([...lookKeys, ...settingsTable.map(({ urlKey }) => urlKey)]);
  const unknown = [...new Set(parts.keys())].filter((key) => !known.has(key));
  if (unknown.length === 0) return [];
  const told = unknown.slice(0, toldKeys).map((key) => `“${shortened(key)}”`);
  const more = unknown.length > toldKeys ? ` and ${unknown.length - toldKeys} more` : "";
  return [`The link holds what this page does not know: ${told.join(", ")}${more}. It was left out. Check the settings.`];
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
  return `${row.label} in the link was not used: “${shortened(text)}” is not a value it can have. It is ${fallback} now. ${allowed}.`;
}

function shortened(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}

function readCount(text: string | null, name: string, problems: string[]): number | null {
  if (text === null) return null;
  if (/^\d{1,7}$/.test(text)) return Number(text);
  problems.push(`The ${name} in the link was not used: “${shortened(text)}” is no number from 0 on. Choose it on the page.`);
  return null;
}

function readRegion(text: string | null, problems: string[]): Region | null {
  if (text === null) return null;
  const edges = text.split("_").map((edge) => (/^\d(\.\d{1,6})?$/.test(edge) ? Number(edge) : Number.NaN));
  const [x0, y0, x1, y1] = edges;
  const isUsable = edges.length === 4 && edges.every((edge) => edge >= 0 && edge <= 1);
  if (isUsable && x0 !== undefined && y0 !== undefined && x1 !== undefined && y1 !== undefined && x0 < x1 && y0 < y1) {
    return [x0, y0, x1, y1];
  }
  problems.push(
    "The region in the link was not used: it is not written as left_top_right_bottom, from 0 to 1. Draw it on the image.",
  );
  return null;
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
