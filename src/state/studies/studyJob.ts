// Studies, as the page has them: read, begun, paused, deleted, brought back and imported. Carrying one out is `studyRunner.ts`; here it
// gets the engine, the database and the model that its plan is about.

import { engineClient } from "@/client/engineClient";
import { allRuns, importedStudy, missingRuns, type OwnStudy, type StudyChoice } from "@/study/ownStudy";
import { type StudyPlan, studyPlans } from "@/study/plan";
import type { StudyResult } from "@/study/results";
import { pauseEvaluation } from "../evaluations/evaluationJob";
import { sayOnce, tellDamaged, withStored } from "../keptJob";
import { runLocks } from "../runs/runsStorage";
import { resetTraining } from "../runs/trainJob";
import { useStore } from "../store";
import { fetchRecordedStudy } from "./recordedStudies";
import { useStudies } from "./studies";
import { loadStudyModel, studyDevice } from "./studyModel";
import { StudyRunner } from "./studyRunner";
import { StudyStorage } from "./studyStorage";

const storage = new StudyStorage();
const sayNotKept = sayOnce();
const runner = new StudyRunner({
  engine: engineClient,
  storage,
  sayNotKept,
  locks: runLocks,
  prepare: async (plan) => {
    await pauseEvaluation();
    // Also closes the run in training, which stays stored, and takes an adapter off.
    await resetTraining();
    await loadStudyModel(plan);
    return studyDevice();
  },
});

/** Reads the recorded studies and one's own, once each. */
export async function readStudies(): Promise<void> {
  await Promise.all([readRecorded(), readOwn()]);
}

/** Begins a study of one's own; does nothing while one runs. */
export function startStudy(choice: StudyChoice): Promise<void> {
  return runner.carryOut(() => {
    const study: OwnStudy = {
      id: crypto.randomUUID(),
      createdAt: Date.now(),
      choice,
      device: null,
      isImported: false,
      results: [],
    };
    useStudies.getState().set({ opened: study.id });
    return study;
  });
}

/** Goes on with the next run of a study; refused on another device than its runs were taken on. */
export function continueStudy(id: string): Promise<void> {
  return runner.carryOut(() => found(id));
}

/** Stops now; the run that is not finished is begun again when the study goes on. */
export function pauseStudy(): Promise<void> {
  return runner.pause();
}

/** Forgets a study, running or not; `restoreStudy` takes it back. */
export async function deleteStudy(id: string): Promise<void> {
  if (useStudies.getState().running?.id === id) await pauseStudy();
  const { own, set, opened } = useStudies.getState();
  const deleted = found(id) ?? null;
  set({ own: (own ?? []).filter((study) => study.id !== id), deleted, opened: opened === id ? null : opened });
  await storage.remove(id).catch((error: unknown) => useStore.getState().fail(error));
}

/** Brings the study back that was deleted last. */
export async function restoreStudy(): Promise<void> {
  const { deleted, set, put } = useStudies.getState();
  if (!deleted) return;
  put(deleted);
  set({ deleted: null, opened: deleted.id });
  await storage.put(deleted).catch(sayNotKept);
}

/** Adds results from a file as a study of one's own. */
export async function importStudy(file: Blob): Promise<void> {
  const { put, set } = useStudies.getState();
  try {
    const study = importedStudy(await file.text(), { id: crypto.randomUUID(), createdAt: Date.now() });
    put(study);
    set({ opened: study.id });
    await storage.put(study).catch(sayNotKept);
  } catch (error) {
    useStore.getState().fail(error);
  }
}

async function readRecorded(): Promise<void> {
  const { recorded, set } = useStudies.getState();
  if (recorded !== null) return;
  const read = studyPlans.map(({ id }) =>
    fetchRecordedStudy(id, document.baseURI).catch((error: unknown) => {
      useStore.getState().fail(error);
      return null;
    }),
  );
  set({ recorded: (await Promise.all(read)).filter((study) => study !== null) });
}

async function readOwn(): Promise<void> {
  if (useStudies.getState().own !== null) return;
  const { studies, damaged } = await storage.list().catch((error: unknown) => {
    useStore.getState().fail(error);
    return { studies: [], damaged: 0 };
  });
  useStudies.getState().set({ own: withStored(useStudies.getState().own, studies) });
  tellDamaged(damaged, { one: "stored result of a study", many: "stored results of studies" });
}

function found(id: string): OwnStudy | undefined {
  return useStudies.getState().own?.find((study) => study.id === id);
}

/** How many of a study's runs are finished, the untrained model among them. */
export function studyProgress(
  plan: StudyPlan,
  results: readonly StudyResult[],
): { readonly done: number; readonly total: number } {
  const total = allRuns(plan).length;
  return { done: total - missingRuns(plan, results).length, total };
}
