// Bytes of one file, wherever it lies (server, disk, cache), read by ranges: what the readers of weight files take. Nobody ever
// holds a whole file.

/** A file that can be read in pieces. Readers ask for ranges in ascending order where they can, so that a stream suffices. */
export interface ByteSource {
  /** Path inside the checkpoint, for messages. */
  readonly name: string;
  /** Bytes of the whole file. */
  readonly size: number;
  /** What the server says names the state of the file; absent where it cannot change or nothing is said. */
  readonly version?: string | undefined;
  /**
   * Bytes [begin, end); rejects with a UserError that names the file when they cannot be had.
   * @param into Where they may be put instead of a new buffer: browsers collect large buffers late, so that reading gigabytes in
   * pieces leaves hundreds of megabytes of garbage. The result says where they are; it lasts until `into` is used again.
   */
  read(begin: number, end: number, into?: ArrayBuffer): Promise<Uint8Array<ArrayBuffer>>;
}

/** A file already in memory (small ones, tests). */
export function memorySource(name: string, bytes: Uint8Array<ArrayBuffer>): ByteSource {
  return { name, size: bytes.length, read: async (begin, end) => bytes.slice(begin, end) };
}
