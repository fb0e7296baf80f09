// Writes small GGUF files for tests, damaged ones included: nothing is checked. The fixtures in fixtures/gguf are written by
// gguf-py instead.

/** A metadata value with the number of its type; lists are [type of the items, items]. */
export interface TestValue {
  readonly type: number;
  readonly value: unknown;
  /** Claimed length of a list, if not the true one. */
  readonly count?: number;
}

/** A tensor; `shift` moves its offset away from the right one. */
export interface TestTensor {
  readonly name: string;
  readonly dimensions: readonly number[];
  readonly type: number;
  readonly bytes: Uint8Array;
  readonly shift?: number;
}

class Bytes {
  private readonly parts: Uint8Array[] = [];
  length = 0;

  push(part: Uint8Array): void {
    this.parts.push(part);
    this.length += part.length;
  }

  number(size: number, set: (view: DataView) => void): void {
    const part = new Uint8Array(size);
    set(new DataView(part.buffer));
    this.push(part);
  }

  u32(value: number): void {
    this.number(4, (view) => view.setUint32(0, value, true));
  }

  u64(value: number): void {
    this.number(8, (view) => view.setBigUint64(0, BigInt(value), true));
  }

  text(value: string): void {
    const bytes = new TextEncoder().encode(value);
    this.u64(bytes.length);
    this.push(bytes);
  }

  padTo(multiple: number): void {
    this.push(new Uint8Array(Math.ceil(this.length / multiple) * multiple - this.length));
  }

  join(): Uint8Array<ArrayBuffer> {
    const all = new Uint8Array(this.length);
    let at = 0;
    for (const part of this.parts) {
      all.set(part, at);
      at += part.length;
    }
    return all;
  }
}

function writeValue(out: Bytes, type: number, value: unknown, count?: number): void {
  if (type === 9) {
    const [itemType, items] = value as [number, unknown[]];
    out.u32(itemType);
    out.u64(count ?? items.length);
    for (const item of items) writeValue(out, itemType, item);
  } else if (type === 8) out.text(value as string);
  else if (type === 10) out.u64(value as number);
  else if (type === 11) out.number(8, (view) => view.setBigInt64(0, BigInt(value as number), true));
  else if (type === 12) out.number(8, (view) => view.setFloat64(0, value as number, true));
  else if (type === 6) out.number(4, (view) => view.setFloat32(0, value as number, true));
  else if (type === 4) out.u32(value as number);
  else if (type === 5) out.number(4, (view) => view.setInt32(0, value as number, true));
  else if (type === 2 || type === 3) out.number(2, (view) => view.setInt16(0, value as number, true));
  else out.number(1, (view) => view.setInt8(0, Number(value)));
}

/** Collects entries and tensors, then writes them in the order given. */
export class GgufWriter {
  private readonly entries: [string, TestValue][] = [];
  private readonly tensors: TestTensor[] = [];

  entry(key: string, value: TestValue): this {
    this.entries.push([key, value]);
    return this;
  }

  tensor(tensor: TestTensor): this {
    this.tensors.push(tensor);
    return this;
  }

  bytes(alignment = 32): Uint8Array<ArrayBuffer> {
    const out = new Bytes();
    out.u32(0x46554747);
    out.u32(3);
    out.u64(this.tensors.length);
    out.u64(this.entries.length);
    for (const [key, { type, value, count }] of this.entries) {
      out.text(key);
      out.u32(type);
      writeValue(out, type, value, count);
    }
    let start = 0;
    for (const { name, dimensions, type, bytes, shift = 0 } of this.tensors) {
      out.text(name);
      out.u32(dimensions.length);
      for (const dimension of dimensions) out.u64(dimension);
      out.u32(type);
      out.u64(start + shift);
      start += Math.ceil(bytes.length / alignment) * alignment;
    }
    for (const { bytes } of this.tensors) {
      out.padTo(alignment);
      out.push(bytes);
    }
    return out.join();
  }
}
