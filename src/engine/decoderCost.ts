// What the decoder's weights cost: bytes that a decoding step reads, and numbers that a row is multiplied by. For the roofline of the
// System panel: achieved = these × rows or steps ÷ time. Keys, values and activations are not counted. Pure.

import type { Precision, WeightRequest } from "@/models/weights";
import type { DecoderCost } from "@/protocol/system";
import { requestBytes } from "./loading/loadWeights";

/** The cost of a model; a tied embedding is the head's part. */
export function decoderCost(requests: readonly WeightRequest[], precision: Precision): DecoderCost {
  let stepBytes = 0;
  let weights = 0;
  for (const request of requests) {
    if (request.kind !== "matrix") continue;
    if (request.part === "text" || request.part === "head") stepBytes += requestBytes(request, precision);
    if (request.part === "text") weights += request.rows * request.columns;
  }
  return { stepBytes, weights };
}
