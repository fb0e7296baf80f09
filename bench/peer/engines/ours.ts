// This project's engine as the page uses it: the loader of checkpoints, the session's pictures, `generate`, and `scoreResponses`, on
// a device made by gpu/device.ts.

import { keep, type Tensor, tensor1d, tensor2d, tidy } from "@tensorflow/tfjs-core";
import { generate } from "@/engine/decoding/generate";
import { openSession } from "@/engine/loading/openSession";
import { attachLora } from "@/engine/lora";
import type { PackedPrompt } from "@/engine/packing";
import { scoreResponses } from "@/engine/score";
import type { CheckpointFolder } from "@/fetching/folder";
import { httpFolder } from "@/fetching/httpFolder";
import type { RgbImage } from "@/image/rgbImage";
import type { EnginePlace, PeerEngine } from "../engine";
import type { PeerDimensions } from "../sizes";
import { sharedGpu } from "./sharedGpu";

/**
 * Steps between two readbacks. In use it is as many as take 40 ms, up to 16 on a GPU and one on a processor's adapter; here a number,
 * so that counts per token are the same everywhere.
 */
const stepsPerRead = 8;

interface Question {
  readonly prompt: PackedPrompt;
  readonly features: Tensor;
}

/** Opens a model behind a URL. */
export function openOurs({ model, size }: EnginePlace): Promise<PeerEngine> {
  return openOurFolder(httpFolder(model), size);
}

/**
 * Opens a model in int4 groups of 32, the tower, the embedding table and the head as well: the blocks are exact in it. With a rank it
 * has a fresh adapter on all projections of the decoder.
 */
export async function openOurFolder(folder: CheckpointFolder, size: PeerDimensions, loraRank = 0): Promise<PeerEngine> {
  const gpu = await sharedGpu();
  const precision = { text: "int4", vision: "int4", head: "int4", groupSize: 32 } as const;
  const session = await openSession(folder, "peer", { precision });
  if (loraRank > 0) attachLora(session.model, { rank: loraRank, alpha: 2 * loraRank, seed: 1 });
  const { text, vision } = session.model;
  const other = keep(
    tensor2d(
      Float32Array.from({ length: size.hidden }, (_, i) => (i % 7) - 3),
      [1, size.hidden],
    ),
  );
  // A prompt has a picture. Where a question is text alone its features are the embedding of the first token, in whose place it
  // stands: the same as text.
  const asked = (ids: Int32Array): Question => {
    const feature = new Int32Array(ids.length).fill(-1);
    feature[0] = 0;
    const positions = Int32Array.from(ids.keys());
    const prompt: PackedPrompt = { ids, feature, featureCount: 1, positions, axes: 1, next: ids.length };
    return { prompt, features: keep(tidy(() => text.embed(tensor1d(ids.slice(0, 1), "int32")))) };
  };
  const decode = async (question: Question, count: number, onToken: (id: number) => void) => {
    const group = { ...question, masked: [], rollouts: 1, firstStream: 0 };
    await generate(text, [group], session.rope, {
      temperature: 0,
      topP: 1,
      topK: 0,
      seed: 1,
      maxNewTokens: count,
      eosIds: [],
      alternatives: 0,
      stepsPerRead,
      onStep: ({ ids }) => onToken(ids[0] as number),
    });
    question.features.dispose();
    gpu.assertHealthy();
  };
  /** As if nothing had been seen before. */
  const seen = (image: RgbImage) => {
    session.clearFeatures();
    const processed = session.process(image);
    return { processed, features: session.encodeTogether([processed]) };
  };
  const { embedTokens, layers, head } = text.weights;
  const projections = layers[0]?.q.weight.format;
  return {
    version: "this engine",
    notes: `embedding ${embedTokens.format}, projections ${projections}, tower ${vision.projections[0]?.weight.format}, head ${head.format} (groups of 32); f32 activations and cache; ${stepsPerRead} steps per readback`,
    async generate(prompt, count, onToken) {
      await decode(asked(prompt), count, onToken);
    },
    picture: {
      async firstToken({ image, ids }, onToken) {
        const { processed, features } = seen(image);
        await decode({ prompt: session.promptOfIds(ids, [processed]), features }, 1, onToken);
      },
      async features(image) {
        const { features } = seen(image);
        const values = (await features.data()) as Float32Array;
        features.dispose();
        return values;
      },
    },
    async score({ prompt, response }) {
      const question = asked(prompt);
      const [stats] = await scoreResponses(session, [{ ...question, responses: [response], masked: [other] }]);
      question.features.dispose();
      if (!stats) throw new Error("scoring gave nothing");
      gpu.assertHealthy();
    },
    dispose() {
      other.dispose();
      session[Symbol.dispose]();
    },
  };
}
