// Numbers as JSON that other programs read: typed arrays as lists, float32 in as few digits as tell it apart, what is not finite as
// null (JSON has no other word for it). Pure.

/** The value as indented JSON text. */
export function plainJson(value: unknown): string {
  return JSON.stringify(value, replaced, 1);
}

/** Nine digits tell any two float32 numbers apart. */
const float32Digits = 9;

function replaced(_key: string, value: unknown): unknown {
  if (value instanceof Float32Array) return Array.from(value, (one) => Number(one.toPrecision(float32Digits)));
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) return Array.from(value as Uint8Array);
  return value;
}
