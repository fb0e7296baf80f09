// Pillow's separable resampler, bit for bit (libImaging/Resample.c, 8 bits per channel). The image processors of all model
// families resize with it, and a canvas does not give the same bytes, so results would differ from Python's.
// Fixed point: coefficients are integers scaled by 2^22; horizontal pass first, its result rounded to bytes.
import { createRgbImage, type RgbImage } from "./rgbImage";

/** The filters of PIL that model configurations name. */
export type ResizeFilter = "bilinear" | "bicubic" | "lanczos";

const precision = 22;
const half = 2 ** (precision - 1);
const one = 2 ** precision;

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(x * Math.PI) / (x * Math.PI);
}

const kernels: Record<ResizeFilter, { readonly support: number; readonly weight: (x: number) => number }> = {
  bilinear: { support: 1, weight: (x) => Math.max(0, 1 - Math.abs(x)) },
  bicubic: {
    support: 2,
    weight: (value) => {
      const a = -0.5;
      const x = Math.abs(value);
      if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
      return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
    },
  },
  lanczos: { support: 3, weight: (x) => (x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0) },
};

interface Coefficients {
  /** First source index of each output index. */
  readonly first: Int32Array;
  /** Number of source indices of each output index. */
  readonly count: Int32Array;
  /** Fixed-point weights, `stride` per output index. */
  readonly weights: Int32Array;
  readonly stride: number;
}

function coefficients(sizeIn: number, sizeOut: number, filter: ResizeFilter): Coefficients {
  const { support, weight } = kernels[filter];
  const scale = sizeIn / sizeOut;
  const filterScale = Math.max(scale, 1);
  const reach = support * filterScale;
  const stride = Math.ceil(reach) * 2 + 1;
  const first = new Int32Array(sizeOut);
  const count = new Int32Array(sizeOut);
  const weights = new Int32Array(sizeOut * stride);
  const row = new Float64Array(stride);
  for (let i = 0; i < sizeOut; i++) {
    const center = (i + 0.5) * scale;
    const low = Math.max(Math.trunc(center - reach + 0.5), 0);
    const n = Math.min(Math.trunc(center + reach + 0.5), sizeIn) - low;
    let sum = 0;
    for (let x = 0; x < n; x++) {
      const w = weight((x + low - center + 0.5) * (1 / filterScale));
      row[x] = w;
      sum += w;
    }
    for (let x = 0; x < n; x++) {
      const w = sum === 0 ? (row[x] as number) : (row[x] as number) * (1 / sum);
      weights[i * stride + x] = Math.trunc(w * one + (w < 0 ? -0.5 : 0.5));
    }
    first[i] = low;
    count[i] = n;
  }
  return { first, count, weights, stride };
}

/** Resamples `lines` lines of `sizeIn` pixels; strides in bytes say where lines and pixels lie. */
function pass(source: Uint8Array, target: Uint8Array, table: Coefficients, lines: number, layout: PassLayout): void {
  const { first, count, weights, stride } = table;
  for (let line = 0; line < lines; line++) {
    const from = line * layout.lineIn;
    const to = line * layout.lineOut;
    for (let i = 0; i < first.length; i++) {
      const low = first[i] as number;
      const n = count[i] as number;
      let red = half;
      let green = half;
      let blue = half;
      let at = from + low * layout.step;
      for (let x = 0; x < n; x++) {
        const k = weights[i * stride + x] as number;
        red += k * (source[at] as number);
        green += k * (source[at + 1] as number);
        blue += k * (source[at + 2] as number);
        at += layout.step;
      }
      const out = to + i * layout.step;
      target[out] = clampByte(red);
      target[out + 1] = clampByte(green);
      target[out + 2] = clampByte(blue);
    }
  }
}

interface PassLayout {
  readonly lineIn: number;
  readonly lineOut: number;
  readonly step: number;
}

// The accumulators are float64 holding exact integers; an arithmetic shift is then a floored division.
function clampByte(sum: number): number {
  return Math.max(0, Math.min(255, Math.floor(sum / one)));
}

/** Resizes to width × height exactly as `PIL.Image.resize` does; a direction whose size does not change is left alone. */
export function resize(image: RgbImage, width: number, height: number, filter: ResizeFilter): RgbImage {
  if (!(Number.isInteger(width) && Number.isInteger(height) && width > 0 && height > 0)) {
    throw new RangeError(`cannot resize to ${width}x${height}`);
  }
  let current = image;
  if (width !== current.width) {
    const wide = createRgbImage(width, current.height);
    const layout = { lineIn: current.width * 3, lineOut: width * 3, step: 3 };
    pass(current.data, wide.data, coefficients(current.width, width, filter), current.height, layout);
    current = wide;
  }
  if (height !== current.height) {
    const tall = createRgbImage(width, height);
    const layout = { lineIn: 3, lineOut: 3, step: width * 3 };
    pass(current.data, tall.data, coefficients(current.height, height, filter), width, layout);
    current = tall;
  }
  return current === image ? { width, height, data: new Uint8Array(image.data) } : current;
}
