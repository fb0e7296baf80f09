// Training samples of the embedded model: one image, one question with a grounded or shortcut answer, and (in a share of
// the samples) a description of the image. Question and answer follow the image, so both share the image's rows.

import type { PackGroup } from "@/engine/packing";
import { createRgbImage } from "@/image/rgbImage";
import { createRng } from "@/lib/rng";
import { withInstruction } from "@/tasks/instruction";
import { trainingAnswer, writeAnswer } from "@/tasks/shapes/answers";
import { captionQuestion, writeCaption } from "@/tasks/shapes/caption";
import { type ShapesProblem, sampleShapes } from "@/tasks/shapes/sampleShapes";
import type { TextTokenizer } from "@/text/tokenizer";

/** A packed group and, per target, whether it is part of an answer (1) or of a question (0). */
export interface TrainingSample {
  readonly problem: ShapesProblem;
  readonly group: PackGroup;
  readonly weights: readonly Float32Array[];
}

/** What a sample may hold besides a question about a visible scene. */
export interface SampleMix {
  /** Share of samples with a description of the image as a second turn. */
  readonly captionShare: number;
  /** Share of samples whose picture is black and whose answer is therefore a guess: with nothing to see, the model guesses. */
  readonly blindShare: number;
}

const answerStream = 0x414e53;
const blindStream = 0x424c49;

/** The index-th training sample of a seed. */
export function trainingSample(
  tokenizer: TextTokenizer,
  imageTokens: number,
  seed: number,
  index: number,
  { captionShare, blindShare }: SampleMix,
): TrainingSample {
  const drawn = sampleShapes(seed, index, "train");
  const rng = createRng(seed ^ answerStream, index);
  const blind = drawn.needsImage && createRng(seed ^ blindStream, index).next() < blindShare;
  const problem = blind ? { ...drawn, image: createRgbImage(drawn.image.width, drawn.image.height) } : drawn;
  const turns = [
    encodeTurn(tokenizer, problem.question, blind ? writeAnswer(problem, rng, "shortcut") : trainingAnswer(problem, rng)),
  ];
  if (!blind && rng.next() < captionShare) turns.push(encodeTurn(tokenizer, captionQuestion, writeCaption(problem.scene, rng)));
  const header = tokenizer.encodeTemplate(
    `<|im_start|>User:<fake_token_around_image><global-img>${"<image>".repeat(imageTokens)}<fake_token_around_image>`,
  );
  const image = tokenizer.tokenId("<image>");
  let feature = 0;
  const prompt = {
    ids: Int32Array.from(header),
    feature: Int32Array.from(header, (id) => (id === image ? feature++ : -1)),
    featureCount: imageTokens,
    positions: Int32Array.from(header.keys()),
    axes: 1 as const,
    next: header.length,
  };
  return { problem, group: { prompt, responses: turns.map(({ ids }) => ids) }, weights: turns.map(({ weights }) => weights) };
}

function encodeTurn(tokenizer: TextTokenizer, question: string, answer: string): { ids: Int32Array; weights: Float32Array } {
  const asked = tokenizer.encodeTemplate(`${withInstruction(question)}<end_of_utterance>\nAssistant:`);
  const answered = tokenizer.encodeTemplate(`${answer}<end_of_utterance>`);
  const ids = Int32Array.from([...asked, ...answered]);
  return { ids, weights: new Float32Array(ids.length).fill(1, asked.length) };
}
