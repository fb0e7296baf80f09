// Changes single places of a GGUF file in memory, so that tests can see what openGguf says of damaged and of older files.

const latin = new TextDecoder("latin1");

/** Puts another text of the same length in the place of the first occurrence. */
export function replaceText(bytes: Uint8Array, from: string, to: string): void {
  const at = latin.decode(bytes).indexOf(from);
  if (at < 0 || to.length !== from.length) throw new RangeError(`cannot replace ${from}`);
  bytes.set(new TextEncoder().encode(to), at);
}

/** Hides a metadata entry behind a name nobody asks for. */
export function rename(bytes: Uint8Array, key: string): void {
  replaceText(bytes, key, `x${key.slice(1)}`);
}

/** Where the value of a metadata entry starts (the length, for texts). */
export function valueAt(bytes: Uint8Array, key: string): number {
  const at = latin.decode(bytes).indexOf(key);
  if (at < 0) throw new RangeError(`no ${key}`);
  return at + key.length + 4;
}

/** Makes the number of layers a signed -1. */
export function setLayersNegative(bytes: Uint8Array<ArrayBuffer>): void {
  const at = valueAt(bytes, "llama.block_count");
  bytes[at - 4] = 5;
  new DataView(bytes.buffer).setInt32(at, -1, true);
}

/** Exchanges ffn_up and ffn_down in all names; the head keeps its length because there are as many of one as of the other. */
export function exchangeFeedForward(bytes: Uint8Array): void {
  const text = Buffer.from(bytes).toString("latin1");
  const changed = text.replace(/.\0{7}(v\.blk\.\d\.ffn_)(up|down)(\.weight|\.bias)/gs, (_all, start, kind, end) => {
    const name = `${start}${kind === "up" ? "down" : "up"}${end}`;
    return `${String.fromCharCode(name.length)}\0\0\0\0\0\0\0${name}`;
  });
  bytes.set(Buffer.from(changed, "latin1"));
}
