// When a question can be asked. Pure.
import type { AppState } from "@/state/store";

const lossNames = { device: "GPU device", engine: "engine" } as const;

/** Why Ask cannot be pressed now; null when it can. */
export function askBlockedBy({ model, loss }: Pick<AppState, "model" | "loss">): string | null {
  if (loss && model.status === "ready") return `The ${lossNames[loss]} is gone; reload it above to ask again.`;
  switch (model.status) {
    case "ready":
      return null;
    case "loading":
      return "The model is loading; you can already choose a picture and type.";
    case "none":
      return "No model is loaded yet.";
    case "failed":
      return "The model could not be loaded; see System below.";
    default:
      return model satisfies never;
  }
}
