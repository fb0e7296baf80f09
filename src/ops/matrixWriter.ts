// Makes a Matrix from rows as they arrive: packs them and puts them where they belong in the buffers of the parts, so that
// the page never holds a whole matrix. Without WebGPU it collects the float32 numbers that the packed rows stand for, which
// are the same numbers. It neither reads checkpoints nor knows a cache.

import { getBackend, type Tensor, type Tensor2D, tensor } from "@tensorflow/tfjs-core";
import { asTensor } from "@/gpu/deviceTensor";
import { currentGpu, type Dispatcher } from "@/gpu/dispatcher";
import { f32Matrix, type Matrix, type MatrixFormat, type MatrixPart, type MatrixShape, rowParts, valuesPerWord } from "./matrix";
import { checkFormat, packRows, unpackRows } from "./packRows";

export interface MatrixWriterOptions {
  /** Upper bound on the bytes of one buffer; the device's limit by default. Only WebGPU splits. */
  readonly maxBindingBytes?: number;
}

/** Takes the rows of one matrix, each once and in any order. */
export class MatrixWriter {
  readonly #gpu: Dispatcher | undefined;
  readonly #parts: readonly MatrixPart[];
  /** The numbers so far, without WebGPU. */
  readonly #values: Float32Array<ArrayBuffer> | undefined;
  #rowsWritten = 0;

  /** Allocates the buffers. @throws when the columns do not fit the format (see `storedFormat`). */
  constructor(
    readonly shape: MatrixShape,
    readonly format: MatrixFormat,
    readonly groupSize = 32,
    { maxBindingBytes }: MatrixWriterOptions = {},
  ) {
    checkFormat(shape, format, groupSize);
    if (getBackend() === "webgpu") {
      const gpu = currentGpu();
      const { maxStorageBufferBindingSize, maxBufferSize } = gpu.device.limits;
      const limit = Math.min(maxBindingBytes ?? Number.POSITIVE_INFINITY, maxStorageBufferBindingSize, maxBufferSize);
      this.#gpu = gpu;
      this.#parts = rowParts(shape.rows, this.#rowWords * 4, limit).map((part) => this.#allocate(gpu, part));
    } else {
      this.#values = new Float32Array(shape.rows * shape.columns);
      this.#parts = [];
    }
  }

  /** Packs whole rows from `firstRow` on: [count, columns]. */
  write(firstRow: number, values: Float32Array): void {
    const { columns } = this.shape;
    const rows = values.length / columns;
    const { words, scales } = packRows(values, rows, columns, this.format, this.groupSize);
    this.writePacked(firstRow, rows, words, scales);
  }

  /** Takes rows in the packed form of ops/packRows; bytes are the words in little-endian order. */
  writePacked(firstRow: number, rows: number, words: Int32Array | Uint8Array, scales?: Float32Array): void {
    const { rows: total, columns } = this.shape;
    if (!Number.isInteger(rows) || firstRow < 0 || firstRow + rows > total)
      throw new Error(`rows ${firstRow} to ${firstRow + rows} of a matrix [${total}, ${columns}]`);
    if (words.byteLength !== rows * this.#rowWords * 4)
      throw new Error(`${words.byteLength} bytes for ${rows} rows of ${this.#rowWords} words`);
    if ((scales?.length ?? 0) !== rows * this.#rowScales)
      throw new Error(`${scales?.length ?? 0} scales for ${rows} rows of ${this.#rowScales}`);
    this.#rowsWritten += rows;
    if (this.#values) this.#values.set(this.#unpack(rows, words, scales), firstRow * columns);
    else this.#upload(firstRow, rows, new Uint8Array(words.buffer, words.byteOffset, words.byteLength), scales);
  }

  /** The matrix, when every row has been written. */
  finish(): Matrix {
    const { rows, columns } = this.shape;
    if (this.#rowsWritten !== rows) throw new Error(`${this.#rowsWritten} of ${rows} rows were written`);
    if (this.#values) return f32Matrix(tensor(this.#values, [rows, columns], "float32") as Tensor2D);
    return { format: this.format, rows, columns, groupSize: this.#rowScales > 0 ? this.groupSize : 0, parts: this.#parts };
  }

  /** Frees the buffers of a matrix that will not be finished. */
  dispose(): void {
    for (const { data, scales } of this.#parts) {
      data.dispose();
      scales?.dispose();
    }
  }

  get #rowWords(): number {
    return this.shape.columns / valuesPerWord(this.format);
  }

  get #rowScales(): number {
    return this.format === "int8" || this.format === "int4" ? this.shape.columns / this.groupSize : 0;
  }

  #allocate(gpu: Dispatcher, { firstRow, rows }: Pick<MatrixPart, "firstRow" | "rows">): MatrixPart {
    const uninitialised = (shape: number[], dtype: "float32" | "int32"): Tensor => asTensor(gpu.output(shape, dtype));
    if (this.format === "f32") return { firstRow, rows, data: uninitialised([rows, this.shape.columns], "float32") };
    // Kernels read four words at a time.
    const data = uninitialised([Math.ceil((rows * this.#rowWords) / 4) * 4], "int32");
    if (this.#rowScales === 0) return { firstRow, rows, data };
    return { firstRow, rows, data, scales: uninitialised([rows, this.#rowScales], "float32") };
  }

  #upload(firstRow: number, rows: number, bytes: Uint8Array, scales: Float32Array | undefined): void {
    const rowBytes = this.#rowWords * 4;
    for (const part of this.#parts) {
      const from = Math.max(firstRow, part.firstRow);
      const to = Math.min(firstRow + rows, part.firstRow + part.rows);
      if (from >= to) continue;
      const piece = bytes.subarray((from - firstRow) * rowBytes, (to - firstRow) * rowBytes);
      this.#gpu?.upload(part.data, piece, (from - part.firstRow) * rowBytes);
      if (!part.scales || !scales) continue;
      const scalesPiece = scales.subarray((from - firstRow) * this.#rowScales, (to - firstRow) * this.#rowScales);
      this.#gpu?.upload(part.scales, scalesPiece, (from - part.firstRow) * this.#rowScales * 4);
    }
  }

  #unpack(rows: number, words: Int32Array | Uint8Array, scales: Float32Array | undefined): Float32Array {
    // Bytes of a file need not be aligned.
    const aligned = words instanceof Int32Array ? new Int32Array(words) : new Int32Array(new Uint8Array(words).buffer);
    const packed = scales ? { words: aligned, scales: new Float32Array(scales) } : { words: aligned };
    return unpackRows(packed, rows, this.shape.columns, this.format, this.groupSize);
  }
}

/** Packs values [rows, columns] and stores them in the form the current backend computes with. */
export function matrixOnThisBackend(
  values: Float32Array,
  rows: number,
  columns: number,
  format: MatrixFormat,
  groupSize = 32,
  options: MatrixWriterOptions = {},
): Matrix {
  if (values.length !== rows * columns) throw new Error(`${values.length} values for a matrix [${rows}, ${columns}]`);
  const writer = new MatrixWriter({ rows, columns }, format, groupSize, options);
  writer.write(0, values);
  return writer.finish();
}
