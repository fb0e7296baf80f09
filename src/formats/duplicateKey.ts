// JSON.parse keeps the last of two equal keys without a word; a file that says one thing to one reader and another thing to the
// next is hostile. This scans valid JSON text for such keys. It does not validate: parse first.

/** The first key that occurs twice in one object of valid JSON text (escapes resolved), or undefined. */
export function findDuplicateKey(json: string): string | undefined {
  // One set per open object, null per open array.
  const open: (Set<string> | null)[] = [];
  const token = /"(?:[^"\\]|\\.)*"(\s*:)?|[{}[\]]/g;
  for (let match = token.exec(json); match; match = token.exec(json)) {
    const text = match[0];
    if (text === "{") open.push(new Set());
    else if (text === "[") open.push(null);
    else if (text === "}" || text === "]") open.pop();
    else if (match[1] !== undefined) {
      const key: unknown = JSON.parse(text.slice(0, text.length - match[1].length));
      const keys = open.at(-1);
      if (typeof key !== "string" || !keys) continue;
      if (keys.has(key)) return key;
      keys.add(key);
    }
  }
  return undefined;
}
