// Tensors of a checkpoint by name, read by rows as float32, whatever the file format: safetensors shards and GGUF files both
// present themselves like this.

/** Where a tensor is and what it looks like. */
export interface StoredTensor {
  readonly name: string;
  readonly shape: readonly number[];
  /** The file's own name of the number type ("BF16", "Q4_K"). */
  readonly dtype: string;
  /** File number and byte offset: sorting by them reads every file front to back. */
  readonly file: number;
  readonly offset: number;
  readonly bytes: number;
}

/** The tensors of a checkpoint. */
export interface TensorSource {
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /**
   * Rows [first, first + count) of a tensor seen as [shape[0], everything else], as float32. A scalar has one row.
   * Rejects when the tensor is unknown, the range is outside, or the bytes cannot be had.
   * @param into Where they may be put instead of new memory (see ByteSource.read); it lasts until `into` is used again.
   */
  rows(name: string, first: number, count: number, into?: ArrayBuffer): Promise<Float32Array<ArrayBuffer>>;
}
