// What a run trains: the pairs of a LoRA over a frozen base, or every float32 weight of a small model. It attaches the fresh
// adapter of a new run; how the tensors move is optimizer.ts, how they are kept trainerState.ts. The official trainer trains all
// weights (`worker.actor.model.freeze_vision_tower` decides over the tower); LoRA is what makes it fit one small GPU.

import type { Tensor } from "@tensorflow/tfjs-core";
import { UserError } from "@/lib/errors";
import { trainableData } from "@/ops/matrix";
import type { LoraTarget, TrainSettings } from "@/protocol/training";
import { attachLora, loraParameters, projectionsOfTarget } from "../../lora";
import type { Session } from "../../session";

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
  if (attached.length > 0) return attached;
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
  }
  attachLora(model, { rank: loraRank, alpha: loraAlpha, seed, targets: loraTargets });
  return loraParameters(model);
}

/**
 * Every weight by its name in the checkpoint; a tied table once.
 * @throws TrainablesError when one of them is packed.
 */
export function everyWeight({ weights }: Session): Trainable[] {
  return Array.from(weights, ([name, weight]) => {
    if (!("parts" in weight)) return { name, tensor: weight };
    const tensor = trainableData(weight);
    if (tensor) return { name, tensor };
    const { format } = weight;
    throw new TrainablesError(
      "All weights cannot be trained",
      `${name} is ${format === "f32" ? "too large for one buffer" : `stored as ${format}, which has no gradient`}`,
      "Load the model with f32 everywhere, or train a LoRA",
    );
  });
}
