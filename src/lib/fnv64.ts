// A short name for a text or for bytes: FNV-1a, 64 bits (http://www.isthe.com/chongo/tech/comp/fnv/). Tells things apart and
// notices damage; protects nothing.

/** FNV-1a over the text's UTF-8 as 16 hex digits. */
export function fnv64(text: string): string {
  return fnv64OfBytes(new TextEncoder().encode(text));
}

/** FNV-1a over some pieces of bytes, end to end, as 16 hex digits. */
export function fnv64OfBytes(...pieces: readonly Uint8Array[]): string {
  // The 64 bits in two halves, and the low one's product with the prime 2^40 + 0x1b3 in quarters: all fits 32-bit integers.
  let [high, low] = [0xcbf29ce4, 0x84222325];
  for (const bytes of pieces) {
    for (let i = 0; i < bytes.length; i++) {
      low ^= bytes[i] as number;
      const first = (low & 0xffff) * 0x1b3;
      const second = (low >>> 16) * 0x1b3 + (first >>> 16);
      high = (Math.imul(high, 0x1b3) + (second >>> 16) + (low << 8)) | 0;
      low = (second << 16) | (first & 0xffff);
    }
  }
  return [high, low].map((half) => (half >>> 0).toString(16).padStart(8, "0")).join("");
}
