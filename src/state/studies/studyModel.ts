// The model that a plan is about: whether it is the loaded one, and loading it by the address of its folder in the page.

import { UserError } from "@/lib/errors";
import type { ModelSource } from "@/protocol/model";
import type { StudyPlan } from "@/study/plan";
import { lastLoadedSource, loadModel } from "../models/modelJob";
import { useStore } from "../store";

/** The study needs another model than there is. */
export class StudyModelError extends UserError {
  override readonly name = "StudyModelError";
}

/** Where a plan's checkpoint lies. */
export function studySource({ model }: Pick<StudyPlan, "model">, base: string = document.baseURI): ModelSource & { kind: "url" } {
  return { kind: "url", url: new URL(`models/${model}/`, base).href };
}

/** Whether the plan's checkpoint is loaded and works. */
export function isStudyModelLoaded(plan: StudyPlan): boolean {
  const { model, loss } = useStore.getState();
  const source = lastLoadedSource();
  return model.status === "ready" && loss === null && source?.kind === "url" && source.url === studySource(plan).url;
}

/** Loads the plan's checkpoint unless it is there; throws StudyModelError. */
export async function loadStudyModel(plan: StudyPlan): Promise<void> {
  if (isStudyModelLoaded(plan)) return;
  await loadModel(studySource(plan));
  if (isStudyModelLoaded(plan)) return;
  const why = useStore.getState().loadError ?? "loading was stopped";
  throw new StudyModelError("The study did not start", `its model ${plan.model} is not loaded (${why})`, "Try again");
}

/** What computes, as text to compare and to show: "webgpu, NVIDIA H100, int8". */
export function studyDevice(): string {
  const { device, model } = useStore.getState();
  if (!device || model.status !== "ready") return "";
  const { text, vision, head } = model.model.precision;
  return [device.backend, device.adapter, [...new Set([text, vision, head])].join("/")].join(", ");
}
