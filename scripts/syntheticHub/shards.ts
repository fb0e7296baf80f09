// Safetensors files of true size that exist only as a header and a rule for their bytes.

import type { SyntheticModel } from "./configs";
import { type TensorShape, tensorShapes } from "./layouts";
import { fillTensorBytes } from "./weightBytes";

/** A file that the hub serves: any range of it on request. */
export interface ServedFile {
  readonly size: number;
  readonly contentType: string;
  read(begin: number, end: number): Uint8Array;
}

/** A file in memory. */
export function bytesFile(bytes: Uint8Array, contentType: string): ServedFile {
  return { size: bytes.length, contentType, read: (begin, end) => bytes.subarray(begin, end) };
}

const sizeOf = ([, shape]: TensorShape) => 2 * shape.reduce((a, b) => a * b, 1);

/** A safetensors file of BF16 tensors in the order given. */
function syntheticShard(tensors: readonly TensorShape[]): ServedFile {
  let end = 0;
  const entries: string[] = ['"__metadata__":{"format":"pt"}'];
  const places: { readonly tensor: TensorShape; readonly begin: number; readonly end: number }[] = [];
  for (const tensor of tensors) {
    const [name, shape] = tensor;
    const begin = end;
    end += sizeOf(tensor);
    places.push({ tensor, begin, end });
    entries.push(`${JSON.stringify(name)}:${JSON.stringify({ dtype: "BF16", shape, data_offsets: [begin, end] })}`);
  }
  const json = new TextEncoder().encode(`{${entries.join(",")}}`);
  const length = Math.ceil(json.length / 8) * 8;
  const header = new Uint8Array(8 + length).fill(0x20, 8);
  new DataView(header.buffer).setBigUint64(0, BigInt(length), true);
  header.set(json, 8);
  const size = header.length + end;
  function read(from: number, to: number): Uint8Array {
    const bytes = new Uint8Array(to - from);
    if (from < header.length) bytes.set(header.subarray(from, to));
    // Places of the range in the data part.
    const [first, last] = [Math.max(0, from - header.length), to - header.length];
    const start = places.findLastIndex((place) => place.begin <= first);
    for (let i = Math.max(0, start); i < places.length; i++) {
      const place = places[i];
      if (!place || place.begin >= last) break;
      const [begin, stop] = [Math.max(place.begin, first), Math.min(place.end, last)];
      const at = header.length + begin - from;
      fillTensorBytes(place.tensor, begin - place.begin, bytes.subarray(at, at + stop - begin));
    }
    return bytes;
  }
  return { size, contentType: "application/octet-stream", read };
}

/** The model's weight files, and the index where there is more than one. */
export function weightFiles(model: SyntheticModel): Map<string, ServedFile> {
  const shards: TensorShape[][] = [[]];
  let filled = 0;
  for (const tensor of tensorShapes(model)) {
    if (filled > 0 && filled + sizeOf(tensor) > model.shardBytes) {
      shards.push([]);
      filled = 0;
    }
    shards.at(-1)?.push(tensor);
    filled += sizeOf(tensor);
  }
  const number = (n: number) => String(n).padStart(5, "0");
  const nameOf = (i: number) =>
    shards.length === 1 ? "model.safetensors" : `model-${number(i + 1)}-of-${number(shards.length)}.safetensors`;
  // Inside a file tensors lie in the order of their names, as the reference writer puts them.
  const byName = (a: TensorShape, b: TensorShape) => (a[0] < b[0] ? -1 : 1);
  const files = new Map(shards.map((tensors, i) => [nameOf(i), syntheticShard([...tensors].sort(byName))]));
  if (shards.length > 1) {
    const index = {
      metadata: { total_size: shards.flat().reduce((sum, tensor) => sum + sizeOf(tensor), 0) },
      weight_map: Object.fromEntries(shards.flatMap((tensors, i) => tensors.map(([name]) => [name, nameOf(i)]))),
    };
    const bytes = new TextEncoder().encode(JSON.stringify(index));
    files.set("model.safetensors.index.json", bytesFile(bytes, "application/json"));
  }
  return files;
}
