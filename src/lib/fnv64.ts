// A short name for a text: FNV-1a, 64 bits (http://www.isthe.com/chongo/tech/comp/fnv/). Tells things apart; protects nothing.

/** FNV-1a over the text's UTF-8 as 16 hex digits. */
export function fnv64(text: string): string {
  let hash = 0xcbf29ce484222325n;
  for (const byte of new TextEncoder().encode(text)) hash = ((hash ^ BigInt(byte)) * 0x100000001b3n) & 0xffffffffffffffffn;
  return hash.toString(16).padStart(16, "0");
}
