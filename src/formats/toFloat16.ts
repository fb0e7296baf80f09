// float32 → IEEE half precision, for checkpoints written by this repository. Rounds to nearest, ties to even, as PyTorch does;
// values beyond 65504 become infinities.

const bitsView = new DataView(new ArrayBuffer(4));

/** The half-precision bits nearest to a float32 value. */
export function floatToHalf(value: number): number {
  bitsView.setFloat32(0, value);
  const bits = bitsView.getUint32(0);
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  // 65520 and above round to infinity.
  if (magnitude >= 0x477ff000) return sign | 0x7c00;
  // Below 2^-14 halves are multiples of 2^-24; a carry into 2^-14 gives the right bits by itself.
  if (magnitude < 0x38800000) return sign | roundToEven(Math.abs(Math.fround(value)) * 2 ** 24);
  const odd = (magnitude >>> 13) & 1;
  return sign | ((magnitude - 0x38000000 + 0xfff + odd) >>> 13);
}

function roundToEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}

/** Converts an array to half-precision bits, in `halves` where it is given. */
export function toFloat16(data: Float32Array, halves = new Uint16Array(data.length)): Uint16Array<ArrayBuffer> {
  const words = new Int32Array(data.buffer, data.byteOffset, data.length);
  for (let i = 0; i < halves.length; i++) {
    const bits = words[i] as number;
    const magnitude = bits & 0x7fffffff;
    // Numbers that become ordinary halves, as `floatToHalf` makes them: nearly all, and a call for each costs more than the rest.
    if (magnitude >= 0x38800000 && magnitude < 0x477ff000)
      halves[i] = ((bits >>> 16) & 0x8000) | ((magnitude - 0x38000000 + 0xfff + ((magnitude >>> 13) & 1)) >>> 13);
    else halves[i] = floatToHalf(data[i] as number);
  }
  return halves;
}
