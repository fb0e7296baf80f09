// Low-rank adapters on a loaded model: attach fresh ones, load and export PEFT files, remove them. Removing restores the base
// model exactly, since base weights are never touched.

import { dispose, keep, type Tensor, tensor2d } from "@tensorflow/tfjs-core";
import { type Adapter, type AdapterModule, checkAdapter, createAdapterConfig, textTargetModules } from "@/formats/peft";
import { readTensors } from "@/gpu/readback";
import { createRng } from "@/lib/rng";
import type { VisionLanguageModel } from "@/models/family";
import type { LinearLayer } from "@/nn/linear";
import type { LoraTarget } from "@/protocol/training";

export interface LoraSettings {
  readonly rank: number;
  readonly alpha: number;
  readonly seed: number;
  /** Parts of the model that get a pair; the decoder without it. */
  readonly targets?: readonly LoraTarget[];
}

/** First random stream of each part: a part starts alike whichever others are adapted with it. */
const firstStream = { text: 0, vision: 1 << 20, projector: 1 << 21 } as const satisfies Record<LoraTarget, number>;

/** The projections of one part: decoder, tower without its connector, or connector. */
export function projectionsOfTarget({ vision, text }: VisionLanguageModel, target: LoraTarget): readonly LinearLayer[] {
  if (target === "text") return text.projections;
  const projector = new Set(vision.projector);
  return target === "projector" ? vision.projector : vision.projections.filter((layer) => !projector.has(layer));
}

/** Projections of tower and decoder by module path, the names PEFT uses. */
function projectionsOf({ vision, text }: VisionLanguageModel): readonly LinearLayer[] {
  return [...vision.projections, ...text.projections];
}

/** Adds a fresh adapter (A uniform ±1/√in, B zero, as PEFT) to every projection of the targets; replaces any other. */
export function attachLora(model: VisionLanguageModel, { rank, alpha, seed, targets = ["text"] }: LoraSettings): void {
  removeLora(model);
  for (const target of new Set(targets)) {
    projectionsOfTarget(model, target).forEach((layer, index) => {
      const { rows: out, columns } = layer.weight;
      const rng = createRng(seed, firstStream[target] + index);
      const bound = 1 / Math.sqrt(columns);
      const a = Float32Array.from({ length: rank * columns }, () => (rng.next() * 2 - 1) * bound);
      setLora(layer, { a, b: new Float32Array(out * rank), in: columns, out, rank, scaling: alpha / rank });
    });
  }
}

/** Takes every adapter off; the model is the base model again, bit for bit. */
export function removeLora(model: VisionLanguageModel): void {
  for (const layer of projectionsOf(model)) {
    if (layer.lora) dispose([layer.lora.a, layer.lora.b]);
    layer.lora = undefined;
  }
}

/** Loads a PEFT adapter; throws AdapterError when it belongs to another model. */
export function applyAdapter(model: VisionLanguageModel, adapter: Adapter): void {
  const layers = new Map(projectionsOf(model).map((layer) => [layer.name, layer]));
  const shapes = new Map([...layers].map(([name, { weight }]) => [name, [weight.rows, weight.columns] as const]));
  const checked = checkAdapter(adapter, shapes);
  removeLora(model);
  for (const [name, module] of checked.modules) {
    const layer = layers.get(name);
    if (layer) setLora(layer, module);
  }
}

/** The adapter in use, ready to be written as PEFT files; undefined when there is none. */
export async function exportAdapter(model: VisionLanguageModel, baseModel: string): Promise<Adapter | undefined> {
  const adapted = projectionsOf(model).filter((layer) => layer.lora);
  const first = adapted[0]?.lora;
  if (!first) return undefined;
  const values = await readTensors(adapted.flatMap(({ lora }) => (lora ? [lora.a, lora.b] : [])));
  const modules = new Map<string, AdapterModule>();
  adapted.forEach((layer, i) => {
    const { rows: out, columns } = layer.weight;
    const rank = layer.lora?.a.shape[0] ?? 0;
    const [a, b] = [values[i * 2] as Float32Array<ArrayBuffer>, values[i * 2 + 1] as Float32Array<ArrayBuffer>];
    modules.set(layer.name, { a, b, in: columns, out, rank, scaling: layer.lora?.scaling ?? 1 });
  });
  const rank = first.a.shape[0] as number;
  const alpha = first.scaling * rank;
  const config = createAdapterConfig({ rank, alpha, targetModules: targetsOf(model, adapted), baseModel, modules });
  return { rank, alpha, scaling: first.scaling, modules, config };
}

/**
 * PEFT's `target_modules`: one expression when exactly the decoder is adapted (a list of suffixes would also hit the vision
 * tower), else the full paths.
 */
function targetsOf({ text }: VisionLanguageModel, adapted: readonly LinearLayer[]): string | string[] {
  const decoder = text.projections;
  const whole = decoder.length === adapted.length && decoder.every(({ lora }) => lora);
  if (!whole) return adapted.map(({ name }) => name);
  return textTargetModules(decoder[0]?.name.includes(".text_model.") ? "text_model" : "language_model");
}

/** The trainable tensors of the attached adapter with their PEFT module paths. */
export function loraParameters(model: VisionLanguageModel): { readonly name: string; readonly tensor: Tensor }[] {
  return projectionsOf(model).flatMap(({ name, lora }) =>
    lora
      ? [
          { name: `${name}.lora_A.weight`, tensor: lora.a },
          { name: `${name}.lora_B.weight`, tensor: lora.b },
        ]
      : [],
  );
}

function setLora(layer: LinearLayer, module: AdapterModule): void {
  layer.lora = {
    a: keep(tensor2d(module.a, [module.rank, module.in])),
    b: keep(tensor2d(module.b, [module.out, module.rank])),
    scaling: module.scaling,
  };
}
