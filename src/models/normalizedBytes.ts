// The last step of every family's image processor: bytes of a colour → float32 numbers, rounded as numpy rounds them in
// transformers' `rescale` and `normalize`. What is around it (sizes, layout) belongs to the family.

/** How a family scales colours (preprocessor_config.json). */
export interface ColourScale {
  readonly rescaleFactor: number;
  readonly imageMean: readonly number[];
  readonly imageStd: readonly number[];
}

/** For one colour (0 red, 1 green, 2 blue), byte → (byte · factor − mean) / std, each step in float32. */
export function normalizedBytes(
  channel: 0 | 1 | 2,
  { rescaleFactor, imageMean, imageStd }: ColourScale,
): Float32Array<ArrayBuffer> {
  const mean = Math.fround(imageMean[channel] as number);
  const std = Math.fround(imageStd[channel] as number);
  return Float32Array.from({ length: 256 }, (_, byte) => Math.fround(Math.fround(byte * rescaleFactor) - mean) / std);
}
