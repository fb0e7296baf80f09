// What every GPU test of an operation needs: a device per test file, error scopes around each test (a fault fails the test
// that caused it), seeded inputs, comparison of numbers and of bits, and finite differences. Test code only.

// First the package itself: its gradients read flags that it defines.
import "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-core/dist/register_all_gradients";
import { type Tensor, tensor } from "@tensorflow/tfjs-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect } from "vitest";
import { createGpu, type Gpu, type GpuOptions } from "@/gpu/device";
import { createRng } from "@/lib/rng";

const scopes = ["validation", "out-of-memory", "internal"] as const satisfies readonly GPUErrorFilter[];

/** Creates the device before the file's tests and fails any test during which it reported a fault; call at top level. */
export function setUpGpu(options: GpuOptions = {}): { readonly gpu: Gpu } {
  let gpu: Gpu | undefined;
  const ready = (): Gpu => {
    if (!gpu) throw new Error("the GPU exists only inside tests");
    return gpu;
  };
  beforeAll(async () => {
    gpu = await createGpu(options);
  });
  beforeEach(() => {
    for (const scope of scopes) ready().device.pushErrorScope(scope);
  });
  afterEach(async () => {
    const { device, dispatcher } = ready();
    dispatcher.flush();
    const errors = await Promise.all(scopes.map(() => device.popErrorScope()));
    expect(errors.map((error) => error?.message).filter(Boolean)).toEqual([]);
    ready().assertHealthy();
  });
  afterAll(() => gpu?.device.destroy());
  return {
    get gpu() {
      return ready();
    },
  };
}

/** Standard normal numbers times `scale`, the same for the same seed. */
export function seededValues(count: number, seed: number, scale = 1): Float32Array {
  const rng = createRng(seed);
  return Float32Array.from({ length: count }, () => rng.normal() * scale);
}

/** A float32 tensor of `seededValues`. */
export function seededTensor<T extends Tensor = Tensor>(shape: readonly number[], seed: number, scale = 1): T {
  const count = shape.reduce((a, b) => a * b, 1);
  return tensor(seededValues(count, seed, scale), [...shape]) as T;
}

/** Largest absolute difference; infinite when lengths differ or a value is not a number. */
export function maxDifference(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Number.POSITIVE_INFINITY;
  let largest = 0;
  for (let index = 0; index < actual.length; index++) {
    const difference = Math.abs((actual[index] as number) - (expected[index] as number));
    if (Number.isNaN(difference)) return Number.POSITIVE_INFINITY;
    largest = Math.max(largest, difference);
  }
  return largest;
}

/** Largest magnitude, to make tolerances relative. */
export function maxMagnitude(values: ArrayLike<number>): number {
  let largest = 0;
  for (let index = 0; index < values.length; index++) largest = Math.max(largest, Math.abs(values[index] as number));
  return largest;
}

/** Reads a float32 tensor back. */
export async function read(x: Tensor): Promise<Float32Array> {
  return new Float32Array(await x.data());
}

/** How many of the values differ in any bit (sign of zero and NaN payload included). */
export function differingBits(actual: Float32Array, expected: Float32Array): number {
  if (actual.length !== expected.length) return Number.POSITIVE_INFINITY;
  const a = new Uint32Array(actual.buffer, actual.byteOffset, actual.length);
  const b = new Uint32Array(expected.buffer, expected.byteOffset, expected.length);
  let count = 0;
  for (let index = 0; index < a.length; index++) if (a[index] !== b[index]) count++;
  return count;
}

/** Central differences of a scalar function of one array, in float64: the oracle for gradients. */
export function finiteDifferences(loss: (x: Float64Array) => number, at: ArrayLike<number>, step = 1e-4): Float64Array {
  const x = Float64Array.from(at);
  return Float64Array.from(x, (value, index) => {
    x[index] = value + step;
    const above = loss(x);
    x[index] = value - step;
    const below = loss(x);
    x[index] = value;
    return (above - below) / (2 * step);
  });
}
