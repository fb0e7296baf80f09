// Memory plans and loading in words, and what a proposal changes. Pure.
import type { LoadProgress, MemoryLine, MemoryPlan, MemoryUse, PrecisionChoice } from "@/protocol/model";
import { precisionText } from "@/state/models/modelEstimate";
import { formatBytes } from "@/ui/formatNumber";

interface Choice {
  readonly precision: PrecisionChoice;
  readonly use: MemoryUse;
}

const answering: readonly MemoryLine["what"][] = ["KV cache", "decoding"];
const training: readonly MemoryLine["what"][] = ["training step"];

/** The lines that exist at the time of the peak: answering and training do not overlap, and the larger counts. */
export function peakLines(lines: readonly MemoryLine[]): readonly MemoryLine[] {
  const bytesOf = (parts: readonly MemoryLine["what"][]) =>
    lines.reduce((sum, { what, bytes }) => (parts.includes(what) ? sum + bytes : sum), 0);
  const smaller = bytesOf(answering) < bytesOf(training) ? answering : training;
  return lines.filter(({ what }) => !smaller.includes(what));
}

/** The plan as one sentence. */
export function planSentence({ lines, peakBytes, budgetBytes, fits }: MemoryPlan): string {
  const parts = peakLines(lines)
    .map(({ what, bytes }) => `${what} ${formatBytes(bytes)}`)
    .join(", ");
  return `${fits ? "Fits" : "Does not fit"}: at most ${formatBytes(peakBytes)} at one time of ${formatBytes(budgetBytes)}. ${parts}.`;
}

/** What a proposal changes, e.g. "Use int4 and 512 tokens instead". */
export function proposalText(now: Choice, proposal: Choice): string {
  return `Use ${changesText(now, proposal)} instead`;
}

/** What a choice changes, e.g. "int4 and 512 tokens". */
export function changesText(now: Choice, { precision, use }: Choice): string {
  const changes: string[] = [];
  const { text, vision, head, groupSize } = now.precision;
  const hasOtherFormats = precision.text !== text || precision.vision !== vision || precision.head !== head;
  if (hasOtherFormats) changes.push(precisionText(precision));
  if (precision.groupSize !== groupSize) changes.push(`groups of ${precision.groupSize}`);
  if (use.contextTokens !== now.use.contextTokens) changes.push(`${use.contextTokens} tokens`);
  if (use.rollouts !== now.use.rollouts) changes.push(`${use.rollouts} rollout${use.rollouts === 1 ? "" : "s"}`);
  if (use.loraRank !== now.use.loraRank) changes.push(`LoRA rank ${use.loraRank}`);
  return changes.length > 1 ? `${changes.slice(0, -1).join(", ")} and ${changes.at(-1)}` : changes.join("");
}

/** A duration as people say it. */
export function timeText(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  const minutes = Math.round(whole / 60);
  if (minutes < 60) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** How far loading is, as it is announced: at every tenth and when it pauses, waits or goes on. */
export function announcement(name: string, progress: LoadProgress | null): string {
  if (!progress || progress.totalBytes === 0) return `Loading ${name}`;
  const tenth = Math.floor((progress.doneBytes / progress.totalBytes) * 10) * 10;
  const state = progress.paused ? ", paused" : progress.waiting ? `, waiting: ${progress.waiting}` : "";
  return `Loading ${name}: ${tenth} %${state}`;
}
