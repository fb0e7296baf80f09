// Training samples of the embedded models: one image, one question with an answer that looks or guesses, and (in a share of
// the samples) a description of the image. Question and answer follow the image, so both share the image's rows.

import type { PackedPrompt, PackGroup } from "@/engine/packing";
import { maskImage } from "@/image/masks";
import { createRgbImage, type RgbImage } from "@/image/rgbImage";
import { createRng, type Rng } from "@/lib/rng";
import { withInstruction } from "@/tasks/instruction";
import { trainingAnswer, writeAnswer } from "@/tasks/shapes/answers";
import { captionQuestion, writeCaption } from "@/tasks/shapes/caption";
import { sampleShapes } from "@/tasks/shapes/sampleShapes";
import type { Scene } from "@/tasks/shapes/scene";
import { trainingChain } from "@/tasks/sums/chains";
import { sampleSums, sumsDifficulties } from "@/tasks/sums/sampleSums";
import type { Problem } from "@/tasks/task";
import type { TextTokenizer } from "@/text/tokenizer";

/** A packed group and, per target, whether it is part of an answer (1) or of a question (0). */
export interface TrainingSample {
  readonly problem: Problem;
  readonly group: PackGroup;
  readonly weights: readonly Float32Array[];
}

/** What a sample may hold besides a question about a visible scene. */
export interface SampleMix {
  /** Share of samples with a description of the image as a second turn. */
  readonly captionShare: number;
  /** Share of samples whose picture is hidden and whose answer is therefore a guess: with nothing to see, the model guesses. */
  readonly blindShare: number;
}

/** Where samples come from: a task, and how many of them are of the shapes world all the same. */
export interface SampleSource {
  readonly task: "shapes" | "sums";
  readonly shapesShare: number;
  /** Answers per problem of another task; with several there are no descriptions beside them. */
  readonly answers: number;
}

/** A problem with its scene and its training answer when the picture is whole or hidden. */
interface Drawn {
  readonly problem: Problem;
  readonly scene: Scene;
  readonly answer: (rng: Rng, blind: boolean) => string;
  /** Answers written to the problem. */
  readonly answers: number;
  readonly hide: (image: RgbImage) => RgbImage;
}

const answerStream = 0x414e53;
const blindStream = 0x424c49;
const sourceStream = 0x535243;

/** The index-th training sample of a seed. */
export function trainingSample(
  tokenizer: TextTokenizer,
  imageTokens: number,
  seed: number,
  index: number,
  { captionShare, blindShare }: SampleMix,
  source: SampleSource,
): TrainingSample {
  const drawn = draw(source, seed, index);
  const rng = createRng(seed ^ answerStream, index);
  const blind = drawn.problem.needsImage && createRng(seed ^ blindStream, index).next() < blindShare;
  const problem = blind ? { ...drawn.problem, image: drawn.hide(drawn.problem.image) } : drawn.problem;
  const header = `<|im_start|>User:<fake_token_around_image><global-img>${"<image>".repeat(imageTokens)}<fake_token_around_image>`;
  if (drawn.answers > 1) {
    // The question is part of the prompt, computed once for all its answers.
    const prompt = packedPrompt(tokenizer, header + ask(problem.question), imageTokens);
    const responses = Array.from({ length: drawn.answers }, () => tokenizer.encodeTemplate(closed(drawn.answer(rng, blind))));
    const group = { prompt, responses: responses.map((ids) => Int32Array.from(ids)) };
    return { problem, group, weights: responses.map((ids) => new Float32Array(ids.length).fill(1)) };
  }
  const turns = [encodeTurn(tokenizer, problem.question, drawn.answer(rng, blind))];
  if (!blind && rng.next() < captionShare) turns.push(encodeTurn(tokenizer, captionQuestion, writeCaption(drawn.scene, rng)));
  const prompt = packedPrompt(tokenizer, header, imageTokens);
  return { problem, group: { prompt, responses: turns.map(({ ids }) => ids) }, weights: turns.map(({ weights }) => weights) };
}

function packedPrompt(tokenizer: TextTokenizer, text: string, imageTokens: number): PackedPrompt {
  const ids = tokenizer.encodeTemplate(text);
  const image = tokenizer.tokenId("<image>");
  let feature = 0;
  return {
    ids: Int32Array.from(ids),
    feature: Int32Array.from(ids, (id) => (id === image ? feature++ : -1)),
    featureCount: imageTokens,
    positions: Int32Array.from(ids.keys()),
    axes: 1,
    next: ids.length,
  };
}

function draw({ task, shapesShare, answers }: SampleSource, seed: number, index: number): Drawn {
  const rng = createRng(seed ^ sourceStream, index);
  if (task === "shapes" || rng.next() < shapesShare) {
    const problem = sampleShapes(seed, index, "train");
    return {
      problem,
      scene: problem.scene,
      answer: (random, blind) => (blind ? writeAnswer(problem, random, "shortcut") : trainingAnswer(problem, random)),
      answers: 1,
      hide: ({ width, height }) => createRgbImage(width, height),
    };
  }
  // Every other problem is of the middle level, the one that is trained on later.
  const { value } = rng.next() < 0.5 ? { value: 2 } : rng.pick(sumsDifficulties);
  const problem = sampleSums(seed, index, "train", value);
  const half = rng.next() < 0.5;
  return {
    problem,
    scene: problem.scene,
    answer: (random, blind) => trainingChain(problem, random, blind),
    answers,
    // Black, or half of its patches black as in the twin that measures dependency: then, too, every step guesses.
    hide: (image) =>
      half
        ? maskImage(image, { kind: "patch_blackening", cellSize: 8, probability: 0.5 }, index)
        : createRgbImage(image.width, image.height),
  };
}

const ask = (question: string) => `${withInstruction(question)}<end_of_utterance>\nAssistant:`;
const closed = (answer: string) => `${answer}<end_of_utterance>`;

function encodeTurn(tokenizer: TextTokenizer, question: string, answer: string): { ids: Int32Array; weights: Float32Array } {
  const asked = tokenizer.encodeTemplate(ask(question));
  const answered = tokenizer.encodeTemplate(closed(answer));
  const ids = Int32Array.from([...asked, ...answered]);
  return { ids, weights: new Float32Array(ids.length).fill(1, asked.length) };
}
