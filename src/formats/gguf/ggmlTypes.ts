// ggml's number types: which exist, which are read here, and how many weights share how many bytes (ggml.h, ggml-common.h).

/** Names of the types that are read. */
export type GgmlType = "F32" | "F16" | "BF16" | "Q4_0" | "Q4_1" | "Q5_0" | "Q5_1" | "Q8_0" | "Q4_K" | "Q5_K" | "Q6_K";

/** Weights per block and bytes per block; blocks run along a row. */
export interface BlockLayout {
  readonly weights: number;
  readonly bytes: number;
}

/** Layout of every type that is read. */
export const blockLayouts: Readonly<Record<GgmlType, BlockLayout>> = {
  F32: { weights: 1, bytes: 4 },
  F16: { weights: 1, bytes: 2 },
  BF16: { weights: 1, bytes: 2 },
  Q4_0: { weights: 32, bytes: 18 },
  Q4_1: { weights: 32, bytes: 20 },
  Q5_0: { weights: 32, bytes: 22 },
  Q5_1: { weights: 32, bytes: 24 },
  Q8_0: { weights: 32, bytes: 34 },
  Q4_K: { weights: 256, bytes: 144 },
  Q5_K: { weights: 256, bytes: 176 },
  Q6_K: { weights: 256, bytes: 210 },
};

// biome-ignore format: a table
const nameOfId: Readonly<Record<number, string>> = {
  0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 6: "Q5_0", 7: "Q5_1", 8: "Q8_0", 9: "Q8_1", 10: "Q2_K", 11: "Q3_K", 12: "Q4_K",
  13: "Q5_K", 14: "Q6_K", 15: "Q8_K", 16: "IQ2_XXS", 17: "IQ2_XS", 18: "IQ3_XXS", 19: "IQ1_S", 20: "IQ4_NL", 21: "IQ3_S",
  22: "IQ2_S", 23: "IQ4_XS", 24: "I8", 25: "I16", 26: "I32", 27: "I64", 28: "F64", 29: "IQ1_M", 30: "BF16", 34: "TQ1_0",
  35: "TQ2_0", 39: "MXFP4", 40: "NVFP4", 41: "Q1_0",
};

function isRead(name: string): name is GgmlType {
  return Object.hasOwn(blockLayouts, name);
}

/** The type behind a file's number; a sentence part that says what is wrong when it is unknown or not read. */
export function ggmlTypeOf(id: number): { readonly type: GgmlType } | { readonly why: string } {
  const name = nameOfId[id];
  if (name !== undefined && isRead(name)) return { type: name };
  const read = Object.keys(blockLayouts).join(", ");
  return { why: `has ${name === undefined ? `the unknown number type ${id}` : `the number type ${name}`}; read are ${read}` };
}
