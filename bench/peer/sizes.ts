// The models of the peer bench: decoders of the SmolVLM family with random weights. `l30` has every dimension of SmolVLM-256M's
// decoder, `l4` its first four layers, `tiny30` its thirty layers with next to no work in them, which shows what a layer costs
// beside its arithmetic. Pure; scripts and page both read it.

/** Dimensions of a text decoder, as in config.json's text_config. */
export interface PeerDimensions {
  readonly layers: number;
  readonly hidden: number;
  readonly intermediate: number;
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly headDim: number;
  readonly vocabulary: number;
}

const smolVlm256 = { hidden: 576, intermediate: 1536, heads: 9, keyValueHeads: 3, headDim: 64, vocabulary: 49_280 };

export const peerSizes = {
  tiny30: { layers: 30, hidden: 64, intermediate: 128, heads: 2, keyValueHeads: 1, headDim: 32, vocabulary: 512 },
  l4: { layers: 4, ...smolVlm256 },
  l30: { layers: 30, ...smolVlm256 },
} as const satisfies Record<string, PeerDimensions>;

export type PeerSizeName = keyof typeof peerSizes;

/** Context lengths for which reference tokens exist. */
export const referenceContexts = [16, 128, 1024] as const;
/** Greedy tokens per context in reference.json. */
export const referenceTokens = 65;
/** Longest prompt and answer together. */
export const maxPositions = 8192;

/** A fixed prompt of `length` ids, spread over the vocabulary; never the image token, which is the last id. */
export function promptIds(vocabulary: number, length: number): Int32Array {
  return Int32Array.from({ length }, (_, i) => (i * 7919 + 13) % (vocabulary - 1));
}
