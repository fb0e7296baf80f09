// The models of the peer bench: SmolVLM's family with random weights. `l30` has every dimension of SmolVLM-256M, `l4` its first four
// decoder layers and its first two tower layers (a whole tower is 210 GFLOP, minutes on SwiftShader), `tiny30` its thirty decoder
// and twelve tower layers with next to no work in them, which shows what a layer costs beside its arithmetic. Pure; scripts and page both read it.

/** Dimensions of a vision tower and its connector, as in config.json's vision_config and scale_factor. */
export interface PeerTower {
  readonly layers: number;
  readonly hidden: number;
  readonly intermediate: number;
  readonly heads: number;
  /** Side of a picture in pixels. */
  readonly imageSize: number;
  readonly patchSize: number;
  /** So many patches a side become one image token. */
  readonly scaleFactor: number;
}

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

/** A model: the decoder and the tower before it. */
export interface PeerSize extends PeerDimensions {
  readonly tower: PeerTower;
}

const smolVlm256 = { hidden: 576, intermediate: 1536, heads: 9, keyValueHeads: 3, headDim: 64, vocabulary: 49_280 };
const siglip = { hidden: 768, intermediate: 3072, heads: 12, imageSize: 512, patchSize: 16, scaleFactor: 4 };
const tinyTower = { layers: 12, hidden: 64, intermediate: 128, heads: 2, imageSize: 128, patchSize: 16, scaleFactor: 2 };

export const peerSizes = {
  tiny30: {
    layers: 30,
    hidden: 64,
    intermediate: 128,
    heads: 2,
    keyValueHeads: 1,
    headDim: 32,
    vocabulary: 512,
    tower: tinyTower,
  },
  l4: { layers: 4, ...smolVlm256, tower: { layers: 2, ...siglip } },
  l30: { layers: 30, ...smolVlm256, tower: { layers: 12, ...siglip } },
} as const satisfies Record<string, PeerSize>;

export type PeerSizeName = keyof typeof peerSizes;

/** Context lengths for which reference tokens exist. */
export const referenceContexts = [16, 128, 1024] as const;
/** Greedy tokens per context in reference.json. */
export const referenceTokens = 65;
/** Longest prompt and answer together. */
export const maxPositions = 8192;

/** Text before the image tokens of a question about a picture, and as much after them. */
const textAroundPicture = 32;

/** The id that stands for a picture's token. */
export function imageTokenId({ vocabulary }: PeerDimensions): number {
  return vocabulary - 1;
}

/** A fixed question about one picture: text, the picture's tokens, text. */
export function pictureIds(size: PeerSize): Int32Array {
  const { imageSize, patchSize, scaleFactor } = size.tower;
  const imageTokens = (imageSize / patchSize / scaleFactor) ** 2;
  const text = promptIds(size.vocabulary, 2 * textAroundPicture);
  const ids = new Int32Array(text.length + imageTokens).fill(imageTokenId(size));
  ids.set(text.subarray(0, textAroundPicture));
  ids.set(text.subarray(textAroundPicture), textAroundPicture + imageTokens);
  return ids;
}

/** A fixed prompt of `length` ids, spread over the vocabulary; never the image token, which is the last id. */
export function promptIds(vocabulary: number, length: number): Int32Array {
  return Int32Array.from({ length }, (_, i) => (i * 7919 + 13) % (vocabulary - 1));
}
