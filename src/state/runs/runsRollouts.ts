// Rollouts of runs for tables: of the run in the page from its buffer, of other runs and of older steps from the database, read when they
// are looked at. What is read is kept for the last few steps only.

import { useEffect, useMemo, useState, useSyncExternalStore } from "react";
import { trainingSeries } from "@/client/live";
import type { StepReport } from "@/protocol/training";
import { useStore } from "../store";
import { useRuns } from "./runs";
import { runStore } from "./runsStorage";

/** The rollouts of a step with what belongs to them. */
export type StepRollouts = Pick<StepReport, "step" | "rollouts" | "images" | "texts">;

export interface RunRollouts {
  /** Steps whose rollouts are there, ascending. */
  readonly steps: readonly number[];
  /** The step that is looked at: the wanted one, or the newest. */
  readonly step: number | undefined;
  /** Its rollouts; undefined while they are read, and when they are not kept. */
  readonly report: StepRollouts | undefined;
  readonly isReading: boolean;
}

const mostRead = 8;
const read = new Map<string, StepRollouts>();
const noSteps: readonly number[] = [];

/** Rollouts of a stored run, or of the run in the page (null). The wanted step may be one that is not kept. */
export function useRunRollouts(run: string | null, wanted: number | null): RunRollouts {
  const open = useRuns((state) => state.open?.id ?? null);
  const id = run ?? open;
  const isOwn = run === null || run === open;
  const version = useSyncExternalStore(trainingSeries.subscribe, () => (isOwn ? trainingSeries.version : 0));
  const lastStep = useRuns((state) => state.runs?.find((one) => one.id === id)?.lastStep ?? 0);
  const [stored, setStored] = useState<{ readonly id: string; readonly steps: readonly number[] } | null>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a run with more steps has more to list
  useEffect(() => {
    let isCurrent = true;
    if (id === null) return;
    storedSteps(id).then((steps) => isCurrent && setStored({ id, steps }), fail);
    return () => {
      isCurrent = false;
    };
  }, [id, lastStep]);
  const fromStore = stored?.id === id ? stored.steps : noSteps;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the version stands for the contents of the buffer
  const steps = useMemo(() => {
    const own = isOwn
      ? trainingSeries.reportSteps().filter((step) => (trainingSeries.report(step)?.rollouts.length ?? 0) > 0)
      : [];
    return [...new Set([...fromStore, ...own])].sort((a, b) => a - b);
  }, [isOwn, fromStore, version]);
  const step = wanted ?? steps.at(-1);
  const inPage = isOwn && step !== undefined ? trainingSeries.report(step) : undefined;
  const [, setReadings] = useState(0);
  const isStored = id !== null && step !== undefined && fromStore.includes(step);
  const known = inPage ?? (isStored ? read.get(keyOf(id, step)) : undefined);
  const isReading = isStored && known === undefined;
  useEffect(() => {
    let isCurrent = true;
    if (!isReading) return;
    rolloutsAt(id, step).then(() => isCurrent && setReadings((count) => count + 1), fail);
    return () => {
      isCurrent = false;
    };
  }, [isReading, id, step]);
  return { steps, step, report: known, isReading };
}

/** The rollouts of a step of a stored run or of the run in the page; undefined when they are not kept. */
export async function rolloutsAt(run: string | null, step: number): Promise<StepRollouts | undefined> {
  const open = useRuns.getState().open?.id ?? null;
  const inPage = run === null || run === open ? trainingSeries.report(step) : undefined;
  const id = run ?? open;
  if (inPage || id === null) return inPage;
  const key = keyOf(id, step);
  const before = read.get(key);
  if (before) return before;
  const row = await runStore.rolloutsAt(id, step);
  if (!row) return undefined;
  const rollouts = { step, rollouts: row.rollouts, images: row.images, texts: row.texts };
  read.set(key, rollouts);
  for (const oldest of read.keys()) {
    if (read.size <= mostRead) break;
    read.delete(oldest);
  }
  return rollouts;
}

/** What tells a prompt of a step from others: question, right answer and picture. */
export function promptKey({ rollouts, images }: StepRollouts, prompt: number): string {
  const { question = "", answer = "" } = rollouts.find((rollout) => rollout.prompt === prompt) ?? {};
  const image = images[prompt];
  return JSON.stringify([question, answer, image ? `${image.width}×${image.height} ${hashOf(image.data)}` : ""]);
}

/** The other steps in which a prompt was drawn too, with its place there; calls back as they are found. */
export async function findSamePrompt(
  key: string,
  { run, steps, isWanted }: { readonly run: string | null; readonly steps: readonly number[]; readonly isWanted: () => boolean },
  onFound: (place: { readonly step: number; readonly prompt: number }) => void,
): Promise<void> {
  for (const step of steps) {
    if (!isWanted()) return;
    const report = await rolloutsAt(run, step);
    if (!report) continue;
    const prompts = new Set(report.rollouts.map(({ prompt }) => prompt));
    for (const prompt of prompts) if (isWanted() && promptKey(report, prompt) === key) onFound({ step, prompt });
  }
}

async function storedSteps(id: string): Promise<readonly number[]> {
  return useRuns.getState().unavailable === null ? runStore.rolloutSteps(id) : [];
}

const keyOf = (run: string, step: number) => `${run} ${step}`;

/** FNV-1a. */
function hashOf(bytes: Uint8Array): string {
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return (hash >>> 0).toString(16);
}

function fail(error: unknown): void {
  useStore.getState().fail(error);
}
