// What a model consists of, without loading it: `build` is run with a taker that only writes down what is asked for.

import type { Tensor } from "@tensorflow/tfjs-core";
import type { ModelConfig, ModelFamily } from "@/models/family";
import type { Precision, WeightRequest } from "@/models/weights";
import { type Matrix, type MatrixFormat, storedFormat } from "@/ops/matrix";

/** Every tensor a model of this configuration needs, in the family's order. Names are canonical. */
export function listWeights(family: ModelFamily, config: ModelConfig): readonly WeightRequest[] {
  const requests: WeightRequest[] = [];
  family.build(config, {
    matrix(request) {
      requests.push({ kind: "matrix", ...request });
      const { rows, columns } = request;
      const placeholder: Matrix = { format: "f32", rows, columns, groupSize: 0, parts: [] };
      return placeholder;
    },
    tensor(name, shape) {
      requests.push({ kind: "tensor", name, shape });
      // `build` only passes tensors on; this one is never computed with.
      return { shape: [...shape] } as unknown as Tensor;
    },
  });
  return requests;
}

/** The shape a request has in the file. */
export function storedShape(request: WeightRequest): readonly number[] {
  return request.kind === "tensor" ? request.shape : (request.storedShape ?? [request.rows, request.columns]);
}

/** Format in which a matrix is kept: that of its part, unless its rows are no whole groups. */
export function formatOf(request: Extract<WeightRequest, { kind: "matrix" }>, precision: Precision): MatrixFormat {
  if (request.exact) return "f32";
  const wanted = request.part === "text" ? precision.text : request.part === "vision" ? precision.vision : precision.head;
  return storedFormat(wanted, request.columns, precision.groupSize);
}

/** Number of weights. */
export function countParameters(requests: readonly WeightRequest[]): number {
  return requests.reduce((sum, request) => sum + storedShape(request).reduce((a, b) => a * b, 1), 0);
}
