// golden/vppo against the engine: one whole VPPO update of a group (advantages, dependency, kept tokens, alpha, loss, LoRA
// gradients, AdamW), by each dependency measure, through the same layer-wise pass, rl/ functions and optimizer as training.

import { dispose, keep, type Tensor, zerosLike } from "@tensorflow/tfjs-core";
import type { CheckpointFolder } from "@/fetching/folder";
import { readAdapter } from "@/formats/peft";
import { readSafetensors, type SafetensorsFile, writeSafetensors } from "@/formats/safetensors";
import { readTensors } from "@/gpu/readback";
import { largestDifference, type VerifyLine, verifyLine } from "@/lib/verifyLine";
import { adamwStep, gradientNorm } from "@/ops/optimizer/optimizer";
import { dependencyOf, type TokenStats } from "@/rl/dependency";
import { officialDefaults, type PolicySettings } from "@/rl/settings";
import { type PolicyUpdate, policyUpdate } from "@/rl/vppo";
import { renderChat } from "@/text/chat";
import { textBatch } from "../batch";
import { LayerwisePass } from "../layerwise";
import { applyAdapter, loraParameters, removeLora } from "../lora";
import { type PackedPrompt, packGroups } from "../packing";
import { scoreResponses } from "../score";
import type { Session } from "../session";
import { compareMasks } from "./caseCheck";
import { compareEach, compareIds, compareText, joined } from "./compare";
import { type GoldenOutcome, type GoldenUpdate, readGoldenUpdate, updatePicture } from "./goldenFiles";

const peftPrefix = "base_model.model.";
const logpTolerance = 1e-3;
const alphaTolerance = 1e-4;
const lossTolerance = 1e-4;
const gradientTolerance = 2e-3;
const cosineTolerance = 1e-5;
const afterTolerance = 2e-5;

/** The user's text of a rendered prompt with one picture: what the template leaves around a known word is cut off. */
function questionOf(session: Session, prompt: string): string | undefined {
  const word = "question";
  const content = [{ type: "image" as const }, { type: "text" as const, text: word }];
  const { text } = renderChat(session.tokenizer, session.chatTemplate, [{ role: "user", content }]);
  const at = text.lastIndexOf(word);
  const [before, after] = [text.slice(0, at), text.slice(at + word.length)];
  const fits = prompt.startsWith(before) && prompt.endsWith(after) && prompt.length >= before.length + after.length;
  return fits ? prompt.slice(before.length, prompt.length - after.length) : undefined;
}

/** Tensors whose names start with `part.`, under their PEFT names. */
function partOf(file: SafetensorsFile, part: string): Map<string, Float32Array<ArrayBuffer>> {
  const found = new Map<string, Float32Array<ArrayBuffer>>();
  for (const name of file.tensors.keys()) {
    if (!name.startsWith(`${part}.`)) continue;
    const bare = name.slice(part.length + 1);
    found.set(bare.startsWith(peftPrefix) ? bare : peftPrefix + bare, file.float32(name));
  }
  return found;
}

/** Attaches the adapter the update starts from. */
async function startAdapter(session: Session, folder: CheckpointFolder, config: unknown): Promise<void> {
  const file = readSafetensors(await folder.bytes("golden/vppo/current_adapter.safetensors"));
  const tensors = [...file.tensors.values()].map(({ name, shape }) => {
    const bare = name.replace(/^current\./, "");
    return {
      name: bare.startsWith(peftPrefix) ? bare : peftPrefix + bare,
      dtype: "F32" as const,
      shape,
      bytes: new Uint8Array(file.float32(name).buffer),
    };
  });
  applyAdapter(session.model, readAdapter(config, writeSafetensors(tensors)));
}

function settingsOf(golden: GoldenUpdate, dependencyMeasure: "k3" | "kl"): PolicySettings {
  return {
    ...officialDefaults,
    dependencyMeasure,
    keepRatio: golden.k,
    betaMin: golden.beta_min,
    entropyPenaltyCoef: golden.entropy_penalty_coef,
    clipLow: golden.clip_low,
    clipHigh: golden.clip_high,
    clipDual: golden.clip_dual,
    aggregation: golden.aggregation,
  };
}

/** Compares the whole update for every measure the folder has. */
export async function checkUpdate(session: Session, folder: CheckpointFolder, emit: (line: VerifyLine) => void): Promise<void> {
  const golden = await readGoldenUpdate(folder);
  const picture = await updatePicture(folder, "image.png");
  const maskedPictures = await Promise.all(golden.responses.map((_, i) => updatePicture(folder, `masked-${i}.png`)));
  const question = questionOf(session, golden.prompt) ?? "";
  const messages = [{ role: "user" as const, content: [{ type: "image" as const }, { type: "text" as const, text: question }] }];
  const image = session.process(picture);
  const built = session.model.input.prompt(session.tokenizer, session.chatTemplate, messages, [image]);
  emit(compareText("prompt text", built.text, golden.prompt));
  emit(compareIds("prompt ids", built.ids, golden.prompt_ids));
  const same = golden.responses.map(() => picture);
  emit(compareMasks("masked images", session, same, maskedPictures, golden.mask_seeds));

  const prompt = session.promptOfIds(Int32Array.from(golden.prompt_ids), [image]);
  const responses = golden.responses.map((ids) => Int32Array.from(ids));
  const features = session.encodeTogether([image]);
  const masked = maskedPictures.map((twin) => session.encodeTogether([session.process(twin)]));
  const config = await folder.json("adapter/adapter_config.json");
  try {
    applyAdapter(session.model, readAdapter(config, await folder.bytes("adapter/adapter_model.safetensors")));
    const old = await scoreResponses(session, [{ prompt, responses, features, masked }]);
    const each = (of: (stats: TokenStats) => Float32Array) => joined(old.map(of));
    emit(
      compareEach(
        "old log-probs",
        each(({ logp }) => logp),
        joined(golden.old_logp),
        logpTolerance,
      ),
    );
    emit(
      compareEach(
        "masked log-probs",
        each(({ logpMasked }) => logpMasked),
        joined(golden.masked_logp),
        logpTolerance,
      ),
    );
    for (const measure of ["k3", "kl"] as const) {
      const outcome = golden.results[measure];
      if (!outcome) continue;
      await startAdapter(session, folder, config);
      const file = readSafetensors(await folder.bytes(`golden/vppo/${measure}.safetensors`));
      const named = (line: VerifyLine) => emit({ ...line, name: `${measure} ${line.name}` });
      await checkStep(session, { golden, outcome, measure, prompt, responses, features, old, file }, named);
    }
  } finally {
    removeLora(session.model);
    dispose([features, ...masked]);
  }
}

interface Step {
  readonly golden: GoldenUpdate;
  readonly outcome: GoldenOutcome;
  readonly measure: "k3" | "kl";
  readonly prompt: PackedPrompt;
  readonly responses: readonly Int32Array[];
  readonly features: Tensor;
  readonly old: readonly TokenStats[];
  readonly file: SafetensorsFile;
}

async function checkStep(session: Session, step: Step, emit: (line: VerifyLine) => void): Promise<void> {
  const { golden, outcome, measure, prompt, responses, features, old, file } = step;
  const { model } = session;
  const packed = packGroups([{ prompt, responses }]);
  const batch = textBatch(packed, session.rope);
  const parameters = loraParameters(model);
  const pass = new LayerwisePass(model, batch, undefined, new Set(parameters.map(({ tensor }) => tensor)), features);
  const made: Tensor[] = [];
  try {
    const logpTensor = pass.forward();
    const [logp] = await readTensors([logpTensor]);
    logpTensor.dispose();
    const trajectories = old.map((stats, i) => {
      const { start, length } = packed.segments[i] as (typeof packed.segments)[number];
      return {
        group: 0,
        reward: golden.rewards[i] ?? Number.NaN,
        logp: (logp as Float32Array).slice(start, start + length),
        logpOld: stats.logp,
        dependency: dependencyOf(stats, measure),
      };
    });
    const update = policyUpdate(trajectories, settingsOf(golden, measure));
    const dependencies = joined(trajectories.map(({ dependency }) => dependency));
    emit(verifyLine("advantages", largestDifference(update.advantages, golden.advantages), alphaTolerance));
    emit(compareEach("dependency", dependencies, joined(outcome.dependency), logpTolerance));
    emit(compareIds("kept tokens", joined(update.masks), joined(outcome.keep)));
    emit(verifyLine("alpha", largestDifference(update.alpha, outcome.alpha), alphaTolerance));
    emit(verifyLine("beta max", largestDifference([update.betaMax[0] ?? Number.NaN], [outcome.beta_max]), alphaTolerance));
    emit(verifyLine("loss, relative", relative(update.loss, outcome.loss), lossTolerance));

    const gradients = pass.backward(cotangentOf(update, packed));
    made.push(...gradients.values());
    const tensors = parameters.map(({ tensor }) => gradients.get(tensor.id));
    const present = tensors.filter((gradient) => gradient !== undefined);
    const values = (await readTensors(present)) as Float32Array[];
    const byName = new Map(parameters.filter((_, i) => tensors[i]).map(({ name }, i) => [peftPrefix + name, values[i]]));
    const distances = [...partOf(file, "grad")].map(([name, expected]) => distance(byName.get(name), expected));
    emit(verifyLine("LoRA gradients, relative", Math.max(...distances.map(({ error }) => error)), gradientTolerance));
    emit(verifyLine("LoRA gradients, 1 - cosine", Math.max(...distances.map(({ cosine }) => 1 - cosine)), cosineTolerance));
    const norm = await gradientNorm(present);
    emit(verifyLine("gradient norm, relative", relative(norm, outcome.grad_norm_before_clip), gradientTolerance));

    const { lr, betas, eps, weight_decay: weightDecay, max_grad_norm: maxNorm } = golden.optimizer;
    for (const [i, { tensor: value }] of parameters.entries()) {
      const gradient = tensors[i];
      if (!gradient) continue;
      const [m, v] = [keep(zerosLike(value)), keep(zerosLike(value))];
      made.push(m, v);
      const rates = { learningRate: lr, beta1: betas[0], beta2: betas[1], epsilon: eps, weightDecay, step: 1 };
      adamwStep({ value, m, v }, gradient, { ...rates, gradientScale: Math.min(1, maxNorm / (norm + 1e-6)) });
    }
    const after = (await readTensors(parameters.map(({ tensor }) => tensor))) as Float32Array[];
    const moved = new Map(parameters.map(({ name }, i) => [peftPrefix + name, after[i]]));
    const differences = [...partOf(file, "after")].map(([name, expected]) => largestDifference(moved.get(name) ?? [], expected));
    emit(verifyLine("adapter after the step", Math.max(...differences), afterTolerance));
  } finally {
    dispose(made);
    pass[Symbol.dispose]();
    batch.dispose();
  }
}

function cotangentOf(update: PolicyUpdate, { targets, segments }: ReturnType<typeof packGroups>): Float32Array {
  const cotangent = new Float32Array(targets.length);
  update.gradient.forEach((gradient, i) => {
    cotangent.set(gradient, (segments[i] as (typeof segments)[number]).start);
  });
  return cotangent;
}

function relative(actual: number, expected: number): number {
  return Math.abs(actual - expected) / Math.abs(expected);
}

/** ‖a − b‖ / ‖b‖ and the cosine of a and b; a tensor that is missing is infinitely far. */
function distance(a: Float32Array | undefined, b: Float32Array): { readonly error: number; readonly cosine: number } {
  if (a?.length !== b.length) return { error: Number.POSITIVE_INFINITY, cosine: 0 };
  let [difference, aa, bb, ab] = [0, 0, 0, 0];
  for (let i = 0; i < b.length; i++) {
    const [x, y] = [a[i] as number, b[i] as number];
    difference += (x - y) ** 2;
    aa += x * x;
    bb += y * y;
    ab += x * y;
  }
  if (bb === 0) return { error: aa === 0 ? 0 : Number.POSITIVE_INFINITY, cosine: aa === 0 ? 1 : 0 };
  return { error: Math.sqrt(difference / bb), cosine: ab / Math.sqrt(aa * bb) };
}
