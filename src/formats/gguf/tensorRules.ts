// How tensors of a Hugging Face checkpoint are made of those of a GGUF pair: an architecture lists rules, `mapTensors` applies
// them to the two files and gives a TensorSource under the Hugging Face names and shapes. llama.cpp's converters rename, reorder
// rows (Q and K of architecture `llama`, whose rotary pairs are neighbours there), cut fused QKV and the two frames of a
// three-dimensional patch kernel apart; here that is undone while rows are read. Every tensor of both files must be used.
import type { ByteSource } from "@/formats/byteSource";
import type { StoredTensor, TensorSource } from "@/formats/tensorSource";
import { dequantize } from "./dequantize";
import { blockLayouts } from "./ggmlTypes";
import { GgufError, quote } from "./ggufError";
import type { GgufHeader, GgufTensor } from "./header";

/**
 * How the parts of a rule become one tensor.
 * `same`: the one part as it is. `rows`: the parts below each other. `frames`: two patch kernels [D, C, p, p] → [D, C, 2, p, p].
 * `{ heads }`: rows of every head back from interleaved to half-split rotary order.
 */
export type TensorJoin = "same" | "rows" | "frames" | { readonly heads: number };

/** One tensor of the Hugging Face checkpoint. */
export interface TensorRule {
  /** Its name; "#" stands for the layer. */
  readonly name: string;
  /** GGUF names of its parts; "#" stands for the layer. */
  readonly parts: readonly string[];
  readonly join?: TensorJoin;
}

/** One file of the pair. */
export interface GgufFile {
  readonly source: ByteSource;
  readonly header: GgufHeader;
}

/** Rules of a group of layers: "#" in the names and "#" in the parts, per layer. */
export function perLayer(
  layers: readonly { readonly name: number; readonly part: number }[],
  rules: readonly TensorRule[],
): TensorRule[] {
  return layers.flatMap((layer) =>
    rules.map((rule) => ({
      ...rule,
      name: rule.name.replace("#", `${layer.name}`),
      parts: rule.parts.map((part) => part.replace("#", `${layer.part}`)),
    })),
  );
}

/** Layers 0..count-1 that are numbered alike in both. */
export function layersOf(count: number): { readonly name: number; readonly part: number }[] {
  return Array.from({ length: count }, (_, i) => ({ name: i, part: i }));
}

/** A linear layer: weight and bias. */
export function linearRules(name: string, part: string): TensorRule[] {
  return ["weight", "bias"].map((kind) => ({ name: `${name}.${kind}`, parts: [`${part}.${kind}`] }));
}

interface Mapped {
  readonly stored: StoredTensor;
  readonly rows: (first: number, count: number) => Promise<Float32Array<ArrayBuffer>>;
}

/** Weights [begin, end) of a tensor in the order of the file. */
async function readWeights(file: GgufFile, tensor: GgufTensor, begin: number, end: number): Promise<Float32Array<ArrayBuffer>> {
  const { weights, bytes } = blockLayouts[tensor.type];
  const firstBlock = Math.floor(begin / weights);
  const endBlock = Math.ceil(end / weights);
  const from = tensor.offset + firstBlock * bytes;
  const to = tensor.offset + endBlock * bytes;
  const read = await file.source.read(from, to);
  if (read.length !== to - from) {
    throw new GgufError(
      file.source.name,
      `${read.length} bytes came of its tensor ${quote(tensor.name)} instead of ${to - from}`,
    );
  }
  const values = dequantize(tensor.type, read);
  const skip = begin - firstBlock * weights;
  return skip === 0 && values.length === end - begin ? values : values.slice(skip, skip + end - begin);
}

const widthOf = (tensor: GgufTensor) => tensor.size / (tensor.shape[0] as number);

function sameRows(file: GgufFile, tensor: GgufTensor): Mapped["rows"] {
  const width = widthOf(tensor);
  return (first, count) => readWeights(file, tensor, first * width, (first + count) * width);
}

/** Row r of a head of h rows lies at row 2·(r mod h/2) + ⌊r / (h/2)⌋ of it; whole heads are read and the asked rows picked. */
function headRows(file: GgufFile, tensor: GgufTensor, heads: number): Mapped["rows"] {
  const width = widthOf(tensor);
  const size = (tensor.shape[0] as number) / heads;
  if (size % 2 !== 0)
    throw new GgufError(file.source.name, `its tensor ${quote(tensor.name)} is no ${heads} heads of an even size`);
  return async (first, count) => {
    const begin = Math.floor(first / size) * size;
    const end = Math.ceil((first + count) / size) * size;
    const values = await readWeights(file, tensor, begin * width, end * width);
    const out = new Float32Array(count * width);
    for (let i = 0; i < count; i++) {
      const row = first + i;
      const inHead = row % size;
      const from = (row - inHead - begin + 2 * (inHead % (size / 2)) + Math.floor(inHead / (size / 2))) * width;
      out.set(values.subarray(from, from + width), i * width);
    }
    return out;
  };
}

function stackedRows(file: GgufFile, tensors: readonly GgufTensor[]): Mapped["rows"] {
  const width = widthOf(tensors[0] as GgufTensor);
  return async (first, count) => {
    const out = new Float32Array(count * width);
    let start = 0;
    for (const tensor of tensors) {
      const size = tensor.shape[0] as number;
      const begin = Math.max(first - start, 0);
      const end = Math.min(first + count - start, size);
      if (begin < end) {
        out.set(await readWeights(file, tensor, begin * width, end * width), (start + begin - first) * width);
      }
      start += size;
    }
    return out;
  };
}

function frameRows(file: GgufFile, [first, second]: readonly [GgufTensor, GgufTensor]): Mapped["rows"] {
  const width = widthOf(first);
  const patch = width / (first.shape[1] as number);
  return async (row, count) => {
    const begin = row * width;
    const end = (row + count) * width;
    const frames = [await readWeights(file, first, begin, end), await readWeights(file, second, begin, end)];
    const out = new Float32Array(2 * (end - begin));
    frames.forEach((frame, t) => {
      for (let from = 0, to = t * patch; from < frame.length; from += patch, to += 2 * patch) {
        out.set(frame.subarray(from, from + patch), to);
      }
    });
    return out;
  };
}

function joinParts(
  file: GgufFile,
  tensors: readonly GgufTensor[],
  join: TensorJoin,
): { shape: readonly number[]; rows: Mapped["rows"] } {
  const [first, second] = tensors;
  if (first === undefined) throw new RangeError("a rule without parts");
  const error = (why: string) =>
    new GgufError(file.source.name, `its tensors ${tensors.map(({ name }) => quote(name)).join(" and ")} ${why}`);
  if (join === "rows") {
    if (tensors.some((other) => other.shape.length !== first.shape.length || widthOf(other) !== widthOf(first)))
      throw error("differ in width");
    const rows = tensors.reduce((sum, { shape }) => sum + (shape[0] as number), 0);
    return { shape: [rows, ...first.shape.slice(1)], rows: stackedRows(file, tensors) };
  }
  if (join === "frames") {
    if (second === undefined || first.shape.length !== 4 || first.shape.join() !== second.shape.join()) {
      throw error("are no two patch kernels of one shape");
    }
    const [width, channels, ...patch] = first.shape as [number, number, number, number];
    return { shape: [width, channels, 2, ...patch], rows: frameRows(file, [first, second]) };
  }
  return { shape: first.shape, rows: join === "same" ? sameRows(file, first) : headRows(file, first, join.heads) };
}

/**
 * Applies the rules to one file each and joins what they give, in reading order. Throws GgufError naming the file and the tensor
 * when a part is missing or a tensor of a file is in no rule.
 */
export function mapTensors(sides: readonly { readonly file: GgufFile; readonly rules: readonly TensorRule[] }[]): TensorSource {
  const mapped: Mapped[] = [];
  sides.forEach(({ file, rules }, number) => {
    const unused = new Set(file.header.tensors.keys());
    for (const { name, parts, join = "same" } of rules) {
      const tensors = parts.map((part) => {
        const tensor = file.header.tensors.get(part);
        if (tensor) return tensor;
        throw new GgufError(file.source.name, `it has no tensor ${quote(part)}`, "Choose a complete file of the same model");
      });
      for (const part of parts) unused.delete(part);
      const { shape, rows } = joinParts(file, tensors, join);
      const dtype = [...new Set(tensors.map(({ type }) => type))].join("+");
      const offset = Math.min(...tensors.map((tensor) => tensor.offset));
      const bytes = tensors.reduce((sum, tensor) => sum + tensor.bytes, 0);
      mapped.push({ stored: { name, shape, dtype, file: number, offset, bytes }, rows });
    }
    for (const name of unused) {
      throw new GgufError(
        file.source.name,
        `it has a tensor ${quote(name)} that this model does not know`,
        "Choose a file made by llama.cpp's converter",
      );
    }
  });
  mapped.sort((a, b) => a.stored.file - b.stored.file || a.stored.offset - b.stored.offset);
  const byName = new Map(mapped.map((tensor) => [tensor.stored.name, tensor]));
  return {
    tensors: new Map(mapped.map(({ stored }) => [stored.name, stored])),
    rows: async (name, first, count) => {
      const tensor = byName.get(name);
      const size = tensor?.stored.shape[0];
      if (tensor === undefined || size === undefined)
        throw new GgufError(sides[0]?.file.source.name ?? "", `it has nothing for ${quote(name)}`);
      if (!(Number.isSafeInteger(first) && Number.isSafeInteger(count) && first >= 0 && count >= 0 && first + count <= size)) {
        throw new RangeError(`rows ${first} to ${first + count} of ${name} do not exist, it has ${size}`);
      }
      return count === 0 ? new Float32Array(0) : tensor.rows(first, count);
    },
  };
}
