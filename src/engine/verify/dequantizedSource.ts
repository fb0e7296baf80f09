// A checkpoint whose weights are already the numbers that a precision stands for: loading it as float32 is the reference for the
// packed kernels, which must compute with exactly these numbers.

import type { TensorSource } from "@/formats/tensorSource";
import type { MatrixRequest, Precision, WeightRequest } from "@/models/weights";
import { packRows, unpackRows } from "@/ops/packRows";
import { formatOf } from "../loading/listing";

/** The source with every matrix packed and unpacked on the way; `requests` are what the model asks for, by canonical name. */
export function dequantizedSource(
  source: TensorSource,
  requests: readonly WeightRequest[],
  canonicalName: (name: string) => string,
  precision: Precision,
): TensorSource {
  const matrices = new Map(requests.flatMap((request) => (request.kind === "matrix" ? [[request.name, request] as const] : [])));
  return {
    tensors: source.tensors,
    async rows(name, first, count) {
      const values = await source.rows(name, first, count);
      const request = matrices.get(canonicalName(name));
      return request ? throughPacking(values, request, precision) : values;
    },
  };
}

function throughPacking(values: Float32Array<ArrayBuffer>, request: MatrixRequest, precision: Precision) {
  const format = formatOf(request, precision);
  if (format === "f32") return values;
  const { columns } = request;
  const rows = values.length / columns;
  const packed = packRows(values, rows, columns, format, precision.groupSize);
  return unpackRows(packed, rows, columns, format, precision.groupSize);
}
