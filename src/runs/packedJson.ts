// Rollouts as JSON: typed arrays become {"$f32": base64} and come back as they were, and numbers that JSON lacks (NaN, infinities)
// become {"$number": name}. What comes back passes a schema afterwards.

const arrays = { $f32: Float32Array, $i32: Int32Array, $u8: Uint8Array } as const;
const stringPiece = 0x8000;

function toBase64(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length; i += stringPiece) text += String.fromCharCode(...bytes.subarray(i, i + stringPiece));
  return btoa(text);
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}

function pack(_key: string, value: unknown): unknown {
  if (typeof value === "number" && !Number.isFinite(value)) return { $number: String(value) };
  for (const [tag, Kind] of Object.entries(arrays)) {
    if (value instanceof Kind) return { [tag]: toBase64(new Uint8Array(value.buffer, value.byteOffset, value.byteLength)) };
  }
  return value;
}

function unpack(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  const [entry, second] = Object.entries(value);
  if (!entry || second || typeof entry[1] !== "string") return value;
  const [tag, text] = entry;
  if (tag === "$number") return Number(text);
  if (tag === "$u8") return fromBase64(text);
  // A length that is no multiple of the element's makes the constructor throw RangeError, as damaged JSON throws SyntaxError.
  if (tag === "$f32") return new Float32Array(fromBase64(text).buffer);
  if (tag === "$i32") return new Int32Array(fromBase64(text).buffer);
  return value;
}

/** A plain value with typed arrays as JSON. */
export function packJson(value: unknown): string {
  return JSON.stringify(value, pack);
}

/** The value of `packJson`; throws when it is damaged. */
export function unpackJson(text: string): unknown {
  return JSON.parse(text, unpack) as unknown;
}
