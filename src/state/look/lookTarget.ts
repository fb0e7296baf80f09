// What of the shown answer can be measured again, and why not where it cannot: it takes a picture, a finished text, and the model whose
// tokens these are.

import { type AnswerHeader, answerHeader, answerTokens } from "@/client/live";
import type { RgbImage } from "@/image/rgbImage";
import type { MeasureRequest } from "@/protocol/measure";
import { useEvaluations } from "../evaluations/evaluations";
import type { AppState } from "../store";
import { useStore } from "../store";
import { useStudies } from "../studies/studies";

/** The answer as a request takes it. */
export interface LookTarget {
  readonly header: AnswerHeader;
  readonly request: Pick<MeasureRequest, "image" | "moreImages" | "question" | "pixels">;
  /** Token ids of every rollout. */
  readonly ids: readonly Int32Array[];
}

/** The shown answer ready to be measured, or the sentence that says what is missing. */
export function lookTarget(): LookTarget | string {
  const { ask, model, loss } = useStore.getState();
  const header = answerHeader();
  const ids = Array.from({ length: answerTokens.rolloutCount }, (_, rollout) => answerTokens.ids(rollout).slice());
  if (!header || ids.every(({ length }) => length === 0)) return "There is no answer yet. Ask first.";
  if (!header.image) return "The shown answer has no picture.";
  if (ask.status === "running") return "The answer is still being written.";
  if (loss) return "The engine is gone. Reload it below.";
  const missing = modelMissing(model);
  if (missing) return missing;
  const { origin } = header;
  if (model.status === "ready" && origin && origin.model !== "" && origin.model !== model.model.name) {
    return `These are tokens of ${origin.model}, and ${model.model.name} is loaded. Load ${origin.model}, or ask again.`;
  }
  return {
    header,
    ids,
    request: {
      image: header.image,
      question: header.question,
      ...(origin?.moreImages ? { moreImages: origin.moreImages } : {}),
      ...(origin?.pixels ? { pixels: origin.pixels } : {}),
    },
  };
}

function modelMissing(model: AppState["model"]): string | null {
  switch (model.status) {
    case "ready":
      return null;
    case "loading":
      return "The model is loading. This is measured when it is there.";
    case "none":
    case "failed":
      return "No model is loaded, and this takes one pass of it. Load a model.";
    default:
      return model satisfies never;
  }
}

/** True while another job has the engine: measuring would wait for it. */
export function isEngineTaken(): boolean {
  const { ask, training, model } = useStore.getState();
  return (
    ask.status === "running" ||
    training.status === "running" ||
    model.status !== "ready" ||
    useEvaluations.getState().running !== null ||
    useStudies.getState().running !== null
  );
}

let compared: { readonly a: RgbImage; readonly b: RgbImage; readonly isSame: boolean } | null = null;

/** Whether the shown answer is about this picture: the one that was given, or what the model saw of it. */
export function isPictureShown(picture: RgbImage | null): boolean {
  const header = answerHeader();
  if (!picture || !header?.image) return false;
  return header.origin?.picture === picture || isSamePicture(header.image, picture);
}

function isSamePicture(a: RgbImage, b: RgbImage): boolean {
  if (a === b) return true;
  if (compared?.a !== a || compared.b !== b) {
    const isSame = a.width === b.width && a.height === b.height && a.data.every((value, i) => value === b.data[i]);
    compared = { a, b, isSame };
  }
  return compared.isSame;
}
