// Row look-ups in stock operations and, where a stock operation is missing (a scatter in fixed order) or slow, in plain
// loops over the tensors' storage; for the wasm and cpu backends and as an oracle.

import { type Tensor, tensor } from "@tensorflow/tfjs-core";
import { floatsOf, intsOf } from "../attention/hostValues";

type Inputs = Readonly<Record<string, Tensor>>;

/** Rows of the table, or of `features` where featureIndex ≥ 0. */
export function embeddingReference(inputs: Inputs): Tensor {
  const { ids, data, features, featureIndex } = inputs as { ids: Tensor; data: Tensor; features?: Tensor; featureIndex?: Tensor };
  const d = data.shape[1] as number;
  const out = new Float32Array(ids.size * d);
  const table = floatsOf(data);
  const extra = features ? floatsOf(features) : undefined;
  const choice = featureIndex ? intsOf(featureIndex) : undefined;
  intsOf(ids).forEach((id, row) => {
    const feature = choice?.[row] ?? -1;
    const from = feature >= 0 && extra ? extra.subarray(feature * d, (feature + 1) * d) : table.subarray(id * d, (id + 1) * d);
    out.set(from, row * d);
  });
  return tensor(out, [ids.size, d]);
}

/** Per vocabulary row the sum of dy over its positions, in order; positions taken by features do not count. */
export function embeddingTableGradientReference(inputs: Inputs, { rows }: { readonly rows: number }): Tensor {
  const { ids, dy, featureIndex } = inputs as { ids: Tensor; dy: Tensor; featureIndex?: Tensor };
  const d = dy.shape[1] as number;
  const out = new Float32Array(rows * d);
  const cotangent = floatsOf(dy);
  const choice = featureIndex ? intsOf(featureIndex) : undefined;
  intsOf(ids).forEach((id, row) => {
    if ((choice?.[row] ?? -1) >= 0) return;
    for (let c = 0; c < d; c++) out[id * d + c] = (out[id * d + c] as number) + (cotangent[row * d + c] as number);
  });
  return tensor(out, [rows, d]);
}

/** Rows of x; −1 gives a row of zeros. */
export function gatherRowsReference(inputs: Inputs): Tensor {
  const { x, index } = inputs as { x: Tensor; index: Tensor };
  const d = x.shape[1] as number;
  const out = new Float32Array(index.size * d);
  const values = floatsOf(x);
  intsOf(index).forEach((from, row) => {
    if (from >= 0) out.set(values.subarray(from * d, (from + 1) * d), row * d);
  });
  return tensor(out, [index.size, d]);
}
