// What a run trains: the pairs of a LoRA over a frozen base, or every float32 weight of a small model. It attaches the fresh
// adapter of a new run; how the tensors move is optimizer.ts, how they are kept trainerState.ts. The official trainer trains all
// weights (`worker.actor.model.freeze_vision_tower` decides over the tower); LoRA is what makes it fit one small GPU.

import type { Tensor } from "@tensorflow/tfjs-core";
import { UserError } from "@/lib/errors";
import type { VisionLanguageModel } from "@/models/family";
import { decoderParameters } from "@/nn/decoderLayer";
import { type Matrix, matrixTensors, trainableData } from "@/ops/matrix";
import type { LoraTarget, TrainSettings } from "@/protocol/training";
import { attachLora, loraParameters, projectionsOfTarget } from "../lora";
import type { Session } from "../session";

/** A tensor that training changes. */
export interface Trainable {
  /** PEFT's module path with `.lora_A.weight` or `.lora_B.weight`; the checkpoint's name of a full weight. */
  readonly name: string;
  readonly tensor: Tensor;
}

/** Settings under which nothing of this model can be trained. */
export class TrainablesError extends UserError {
  override readonly name = "TrainablesError";
}

type Choice = Pick<TrainSettings, "trainable" | "loraRank" | "loraAlpha" | "loraTargets" | "seed">;

const partNames = { text: "decoder", vision: "vision tower", projector: "projector" } as const satisfies Record<
  LoraTarget,
  string
>;

/**
 * The tensors a run trains, in a fixed order. An adapter that is attached is trained on; without one a fresh LoRA is attached to
 * `loraTargets`. @throws TrainablesError, before anything is changed.
 */
export function trainablesOf(session: Session, settings: Choice): Trainable[] {
  if (settings.trainable === "lora") return adapterOf(session, settings);
  if (loraParameters(session.model).length > 0) {
    throw new TrainablesError(
      "All weights cannot be trained",
      "an adapter is attached to them",
      "Reset the training first, or train the adapter",
    );
  }
  return everyWeight(session);
}

function adapterOf(session: Session, { loraRank, loraAlpha, loraTargets, seed }: Choice): Trainable[] {
  const { model, family } = session;
  const attached = loraParameters(model);
  if (attached.length > 0) {
    if (!model.vision.trainable && model.vision.projections.some(({ lora }) => lora)) throw frozenTower(family, "vision tower");
    return attached;
  }
  if (loraTargets.length === 0) {
    throw new TrainablesError(
      "Nothing would be trained",
      "no part of the model is chosen for the LoRA",
      "Choose the decoder, the projector or the vision tower",
    );
  }
  for (const target of loraTargets) {
    if (projectionsOfTarget(model, target).length === 0) {
      throw new TrainablesError(
        `The ${partNames[target]} cannot be trained`,
        `${family} has no projections there`,
        "Choose another part",
      );
    }
    if (target !== "text" && !model.vision.trainable) throw frozenTower(family, partNames[target]);
  }
  attachLora(model, { rank: loraRank, alpha: loraAlpha, seed, targets: loraTargets });
  return loraParameters(model);
}

/**
 * Decoder, embedding, head and norms, and the tower where gradients reach it; a tied table once.
 * @throws TrainablesError when one of them is packed.
 */
export function everyWeight({ model, weights }: Session): Trainable[] {
  const ofText = textTensors(model);
  const trained = [...weights].filter(([, weight]) => model.vision.trainable || tensorsOf(weight).some((t) => ofText.has(t)));
  return trained.map(([name, weight]) => {
    const tensor = "parts" in weight ? trainableData(weight) : weight;
    if (tensor) return { name, tensor };
    const format = "parts" in weight ? weight.format : weight.dtype;
    throw new TrainablesError(
      "All weights cannot be trained",
      `${name} is ${format === "f32" ? "too large for one buffer" : `stored as ${format}, which has no gradient`}`,
      "Load the model with f32 everywhere, or train a LoRA",
    );
  });
}

const tensorsOf = (weight: Matrix | Tensor): Tensor[] => ("parts" in weight ? matrixTensors(weight) : [weight]);

/** Every tensor of the decoder with its embedding and head. */
function textTensors({ text }: VisionLanguageModel): ReadonlySet<Tensor> {
  const { layers, norm, head, embedTokens } = text.weights;
  // Packed projections have no trainable data, so a block's matrices are named one by one.
  const matrices = [head, embedTokens, ...text.projections.map(({ weight }) => weight)];
  return new Set([norm, ...matrices.flatMap(matrixTensors), ...layers.flatMap(decoderParameters)]);
}

function frozenTower(family: string, part: string): TrainablesError {
  return new TrainablesError(
    `The ${part} cannot be trained`,
    `gradients do not pass through the vision tower of ${family} here`,
    "Train the decoder alone, without an adapter on the tower",
  );
}
