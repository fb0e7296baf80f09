// What every test of the engine on WebGPU needs: the committed tiny checkpoint (random weights, transformers' layout), problems
// of the shapes world and settings that are small enough for a CPU. Test code only.

import { httpFolder } from "@/fetching/httpFolder";
import type { LoadRequest } from "@/protocol/engine";
import type { AskRequest } from "@/protocol/generation";
import type { MaskSettings } from "@/protocol/image";
import { type TrainSettings, trainDefaults } from "@/protocol/training";
import { withInstruction } from "@/tasks/instruction";
import { shapesTask } from "@/tasks/shapes/shapesTask";
import type { Problem, Task } from "@/tasks/task";
import type { Question, RolloutRequest } from "../decoding/rollouts";
import { openSession, uniformPrecision } from "../loading/openSession";
import type { Session } from "../session";
import type { TrainerParts } from "../training/trainer";

/** Address of the checkpoint on the test server. */
export const tinyUrl = () => new URL("/fixtures/smolvlm/", location.href).href;

/** The same model as the page would ask for it. */
export function loadRequest(): LoadRequest {
  return {
    source: { kind: "url", url: tinyUrl() },
    precision: { text: "int8", vision: "int8", head: "int8", groupSize: 32 },
    backend: "webgpu",
    useCache: false,
    memory: { contextTokens: 512, rollouts: 2, loraRank: 4 },
  };
}

/** The tiny model; int8 where rows are whole groups, float32 elsewhere, so both kinds of kernels run. */
export function loadTiny(): Promise<Session> {
  return openSession(httpFolder(tinyUrl()), "tiny", { precision: uniformPrecision("int8") });
}

/** Answers of this session end at the length limit only, so that every run has the same shapes. */
export function withoutEnd(session: Session): Session {
  Object.defineProperty(session, "eosIds", { value: [] });
  return session;
}

export const blackening: MaskSettings = {
  strategy: "patch_blackening",
  ratio: 0.5,
  cellSize: 16,
  seed: 11,
  sharing: "trajectory",
};

export const sampling = { temperature: 1, topP: 1, topK: 0, seed: 5, maxNewTokens: 6 };

/** The index-th training problem as a question. */
export function question(index: number): Question {
  const { image, question: text } = shapesTask.sample(1, index, "train");
  return { image, text: withInstruction(text) };
}

/** Three rollouts with masked twins of one question. */
export const request: RolloutRequest = { questions: [question(0)], rollouts: 3, sampling, mask: blackening };

export const askRequest: AskRequest = {
  image: question(0).image,
  question: "How many red circles are there?",
  rollouts: 2,
  sampling: { ...sampling, maxNewTokens: 12 },
  mask: blackening,
  topK: 3,
};

export const trainSettings: TrainSettings = {
  ...trainDefaults,
  sampling,
  mask: blackening,
  promptsPerStep: 1,
  rolloutsPerPrompt: 4,
  loraRank: 4,
  loraAlpha: 8,
  seed: 3,
  measureMoves: false,
};

/**
 * One problem over and over, and a reward that random text gets half of the time: every step has the same shapes and a
 * gradient.
 */
const parityTask: Task = {
  id: "parity",
  name: "Parity",
  families: ["parity"],
  difficulties: shapesTask.difficulties,
  defaultDifficulty: shapesTask.defaultDifficulty,
  sample: (): Problem => shapesTask.sample(1, 0, "train"),
  reward: (text) => Array.from(text).reduce((sum, letter) => sum + (letter.codePointAt(0) ?? 0), 0) % 2,
};

/** The same for a trainer. */
export const parityParts: TrainerParts = {
  problems: (_, index) => parityTask.sample(1, index, "train"),
  scorer: {
    score: async (_, inputs) =>
      inputs.map(({ text }) => {
        const reward = parityTask.reward(text, parityTask.sample(1, 0, "train"));
        return { overall: reward, accuracy: reward };
      }),
  },
};
