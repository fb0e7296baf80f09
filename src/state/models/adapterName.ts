// The name of the adapter that answers, beside the loaded model: read and written here by whatever trains. What is on the model is the
// engine's business.

import type { AppState } from "../store";

type Model = AppState["model"];

/** The adapter's name; null without one, and without a model. */
export function adapterOf(model: Model): string | null {
  return model.status === "ready" ? (model.model.adapter ?? null) : null;
}

/** The loaded model with another adapter's name, or without one for null; any other status as it is. */
export function withAdapter(model: Model, name: string | null): Model {
  if (model.status !== "ready") return model;
  const { adapter: _, ...report } = model.model;
  return { ...model, model: name === null ? report : { ...report, adapter: name } };
}
