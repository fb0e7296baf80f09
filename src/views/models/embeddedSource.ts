// Where the embedded model lies: a folder of the page's own origin, so that it works offline and without a hub.
import type { ModelSource } from "@/protocol/model";
import { catalogueSource, modelCatalogue } from "@/state/models/modelCatalogue";

/** The source of the embedded model. */
export function embeddedSource(base: string = document.baseURI): ModelSource {
  for (const model of modelCatalogue) if (model.place.kind === "embedded") return catalogueSource(model, base);
  throw new RangeError("the catalogue has no embedded model");
}
