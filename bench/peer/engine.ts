// What the peer bench asks of an engine: greedy tokens after a prompt, the first token about a picture, and a scoring pass. One file
// per engine in engines/.

import type { RgbImage } from "@/image/rgbImage";
import type { PeerSize } from "./sizes";

/** Where an engine finds its model. */
export interface EnginePlace {
  /** Folder of the model, without a slash at the end. */
  readonly model: string;
  /** node_modules of the packages that are not this project's. */
  readonly modules: string;
  readonly size: PeerSize;
}

/** A sequence to score under two conditions. */
export interface ScoreTask {
  readonly prompt: Int32Array;
  /** The tokens that are scored. */
  readonly response: Int32Array;
}

/** A question about one picture, in the size of a frame. */
export interface PictureTask {
  readonly image: RgbImage;
  /** With the picture's tokens in their place. */
  readonly ids: Int32Array;
}

/** The half of an engine that sees. */
export interface PictureEngine {
  /** The first greedy token, from decoded pixels on, nothing of the picture known from before; `onToken` as soon as the page knows the id. */
  firstToken(task: PictureTask, onToken: (id: number) => void): Promise<void>;
  /** What tower and connector say of a picture: [image tokens, hidden], row-major. */
  features(image: RgbImage): Promise<Float32Array>;
}

/** An engine with a model, ready. */
export interface PeerEngine {
  readonly version: string;
  /** Number formats and what else a reader must know. */
  readonly notes: string;
  /** Exactly `count` greedy tokens from an empty cache, no end token; `onToken` as soon as the page knows the id. */
  generate(prompt: Int32Array, count: number, onToken: (id: number) => void): Promise<void>;
  /** Two conditions' worth of scoring, each number on the page at the end. Engines without it are left out of that row. */
  score?(task: ScoreTask): Promise<void>;
  /** Engines without it are left out of those rows. */
  readonly picture?: PictureEngine;
  dispose(): Promise<void> | void;
}

export type OpenEngine = (place: EnginePlace) => Promise<PeerEngine>;
