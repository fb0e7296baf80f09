// When a question can be asked. Pure.
import type { AppState } from "@/state/store";

/** Why Ask cannot be pressed now; null when it can. */
export function askBlockedBy({ model }: AppState): string | null {
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
