// Direct access to a tensor's numbers on the backends that keep them in JavaScript's reach (wasm, cpu). Stock slicing on
// wasm copies its whole input first, which would dominate the reference of operations that pick ranges of rows.

import { backend, type TensorInfo } from "@tensorflow/tfjs-core";

interface HeapBackend {
  typedArrayFromHeap(tensor: TensorInfo): Float32Array | Int32Array;
}

function hasHeap(value: object): value is HeapBackend {
  return "typedArrayFromHeap" in value;
}

/** The tensor's own storage, not a copy. On wasm it is void after the next allocation: take it anew after each operation. */
function storage(tensor: TensorInfo): Float32Array | Int32Array {
  const current = backend();
  return hasHeap(current) ? current.typedArrayFromHeap(tensor) : (current.readSync(tensor.dataId) as Float32Array | Int32Array);
}

/** Storage of a float32 tensor on wasm or cpu. */
export function floatsOf(tensor: TensorInfo): Float32Array {
  const values = storage(tensor);
  if (!(values instanceof Float32Array)) throw new Error(`expected float32, got ${tensor.dtype}`);
  return values;
}

/** Storage of an int32 tensor on wasm or cpu. */
export function intsOf(tensor: TensorInfo): Int32Array {
  const values = storage(tensor);
  if (!(values instanceof Int32Array)) throw new Error(`expected int32, got ${tensor.dtype}`);
  return values;
}
