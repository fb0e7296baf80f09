// What the engine's phases are called, and the geometry of the flame bar: a job, its phases below, and below each phase the kernels
// that were measured in it, all on one scale of time. Pure.

import type { JobReport } from "@/protocol/system";

interface PhaseText {
  readonly name: string;
  /** What it covers. */
  readonly help: string;
  /** Place of its colour (ui/charts/seriesColours). */
  readonly colour: number;
}

const phases: Readonly<Record<string, PhaseText>> = {
  preparing: { name: "Preparing", help: "Resizing, masking and tokenising, on the processor.", colour: 2 },
  pictures: { name: "Image encoding", help: "The vision tower; nothing where the pictures were encoded before.", colour: 1 },
  prompt: { name: "Prefill", help: "Keys and values of the prompt and its masked copies.", colour: 3 },
  decoding: { name: "Decode", help: "A pass of the decoder per token, all rollouts and twins together.", colour: 0 },
  rollouts: { name: "Rollouts", help: "Sampling and grading the answers.", colour: 0 },
  scoring: { name: "Scoring", help: "Log-probs of the reference and of masked pictures.", colour: 3 },
  update: { name: "Update", help: "Forward and backward passes and the optimizer.", colour: 1 },
  saving: { name: "Saving", help: "The state after the step, for going on later.", colour: 4 },
};

/** How a phase is shown; one that is not known keeps its own name. */
export function phaseText(name: string): PhaseText {
  return phases[name] ?? { name, help: "", colour: 5 };
}

export const jobNames: Readonly<Record<JobReport["kind"], string>> = { answer: "Last answer", step: "Last training step" };

/** A block of the flame bar, in shares of the whole width. */
export interface FlameBlock {
  readonly level: 0 | 1 | 2;
  readonly from: number;
  readonly width: number;
  readonly name: string;
  readonly ms: number;
  readonly colour: number;
  readonly calls?: number;
}

/** Blocks of a job. Kernels of a phase stand side by side from its begin; rounded times that pass its end are squeezed into it. */
export function flameBlocks({ kind, elapsedMs, phases: spans, kernels }: JobReport): readonly FlameBlock[] {
  const whole = elapsedMs || 1;
  const blocks: FlameBlock[] = [{ level: 0, from: 0, width: 1, name: jobNames[kind], ms: elapsedMs, colour: 2 }];
  const total = (phase: string) => spans.reduce((sum, { name, ms }) => (name === phase ? sum + ms : sum), 0);
  let at = 0;
  for (const { name, ms } of spans) {
    const { name: label, colour } = phaseText(name);
    blocks.push({ level: 1, from: at / whole, width: ms / whole, name: label, ms, colour });
    const inPhase = kernels?.kernels.filter(({ phase }) => phase === name) ?? [];
    // A phase that comes several times shares its kernels by its spans.
    const share = ms / (total(name) || 1);
    const sum = inPhase.reduce((all, kernel) => all + kernel.ms * share, 0);
    const scale = share * Math.min(1, ms / (sum || 1));
    let kernelAt = at;
    for (const kernel of inPhase) {
      const width = kernel.ms * scale;
      if (width > 0) {
        const { name: kernelName, ms: took, calls } = kernel;
        blocks.push({ level: 2, from: kernelAt / whole, width: width / whole, name: kernelName, ms: took, colour, calls });
      }
      kernelAt += width;
    }
    at += ms;
  }
  return blocks;
}

/** Time by phase, each once, in order of first appearance. */
export function phaseTotals({ phases: spans }: JobReport): readonly { readonly name: string; readonly ms: number }[] {
  const totals = new Map<string, number>();
  for (const { name, ms } of spans) totals.set(name, (totals.get(name) ?? 0) + ms);
  return Array.from(totals, ([name, ms]) => ({ name, ms }));
}
