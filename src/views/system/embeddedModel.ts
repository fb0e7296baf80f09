// Where the embedded model lies: a folder of the page's own origin, so that it works offline and without a hub.
import type { LoadRequest } from "@/protocol/engine";

/** The load request of the embedded model. */
export function embeddedModel(base: string = document.baseURI): LoadRequest {
  return { url: new URL("models/shapes-vlm/", base).href, format: "int8", backend: "auto" };
}
