// Adapters against loaded models, from PEFT's files to the model: those made for it change it, every other one is refused with one
// sentence and changes nothing.

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { readAdapter, writeAdapter } from "@/formats/peft";
import { AdapterError } from "@/formats/peftConfig";
import { readSafetensors, writeSafetensors } from "@/formats/safetensors";
import { setUpWasm } from "@/ops/test/wasmFixture";
import type { LoraTarget } from "@/protocol/training";
import { fileFolder } from "../../scripts/fileFolder";
import { openSession, uniformPrecision } from "./loading/openSession";
import { applyAdapter, attachLora, exportAdapter, removeLora } from "./lora";
import type { Session } from "./session";

setUpWasm();

const names = ["smolvlm", "qwen2_5_vl-untied", "qwen3_vl-untied"] as const;
type Name = (typeof names)[number];
interface Files {
  readonly config: Record<string, unknown>;
  readonly weights: Uint8Array;
}

const filesOf = (name: Name): Files => ({
  config: JSON.parse(readFileSync(`fixtures/${name}/adapter/adapter_config.json`, "utf8")),
  weights: new Uint8Array(readFileSync(`fixtures/${name}/adapter/adapter_model.safetensors`)),
});
/** Files whose tensors have other names or shapes, only those whose name fits `which`. */
function changed(
  { config, weights }: Files,
  change: (name: string, shape: readonly number[]) => readonly [name: string, shape: readonly number[]],
  which = /./,
): Files {
  const stored = [...readSafetensors(weights).tensors.values()].filter(({ name }) => which.test(name));
  const tensors = stored.map((tensor) => {
    const [name, shape] = change(tensor.name, tensor.shape);
    const values = new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(0.01);
    return { name, shape, dtype: "F32" as const, bytes: new Uint8Array(values.buffer) };
  });
  return { config, weights: writeSafetensors(tensors) };
}
const apply = ({ model }: Session, { config, weights }: Files) => applyAdapter(model, readAdapter(config, weights));
const open = (name: Name) => openSession(fileFolder(`fixtures/${name}`), name, { precision: uniformPrecision("f32") });

const allLinear = ({ config, weights }: Files): Files => ({ config: { ...config, target_modules: "all-linear" }, weights });

/** What is refused, by which checks, and what the sentence says. */
const refusals: readonly (readonly [string, readonly AdapterError["check"][], (own: Files, other: Files) => Files, RegExp])[] = [
  // The two Qwen families spell their modules alike and differ in shapes.
  ["of another family", ["unknownModule", "otherModel"], (_, other) => other, /model\.[a-z_]+\.layers\.0\.mlp\.down_proj/],
  [
    "of another width",
    ["otherModel"],
    (own) => changed(own, (name, [rows = 0, columns = 0]) => [name, [rows, name.includes("lora_A") ? 2 * columns : columns]]),
    /it was made for another model: \S+ is \d+ × \d+ here and \d+ × \d+ there/,
  ],
  [
    "with more layers",
    ["unknownModule"],
    (own) => changed(own, (name, shape) => [name.replace(/layers\.\d+/, "layers.9"), shape], /layers\.0/),
    /the loaded model has no module \S+layers\.9\S+ \(\d+ × \d+\); it has .*layers\.0–/,
  ],
  [
    "on a module that carries none",
    ["unknownModule"],
    (own) =>
      changed(
        allLinear(own),
        (name, shape) => [name.replace(/model\.\w+\.layers\S*proj/, "lm_head"), shape],
        /layers\.0\S*q_proj/,
      ),
    /the loaded model has no module lm_head/,
  ],
  ["with DoRA", ["unsupported"], ({ config, weights }) => ({ config: { ...config, use_dora: true }, weights }), /it uses DoRA/],
];

describe.each(names)("an adapter on %s", (name) => {
  it("that was made for it is applied and comes out as it went in", async () => {
    const session = await open(name);
    const own = filesOf(name);
    apply(session, own);
    const saved = await exportAdapter(session.model, name);
    expect(saved && Buffer.compare(writeAdapter(saved).weights, own.weights)).toBe(0);
    session[Symbol.dispose]();
  });

  it.each<LoraTarget[][]>([[["projector"]], [["vision"]], [["text", "projector"]], [["text", "vision", "projector"]]])(
    "made on %j comes back from its files as it was",
    async (targets) => {
      const session = await open(name);
      attachLora(session.model, { rank: 2, alpha: 6, seed: 4, targets });
      const made = await exportAdapter(session.model, name);
      const { config, weights } = writeAdapter(made!);
      removeLora(session.model);
      applyAdapter(session.model, readAdapter(JSON.parse(config), weights));
      const again = await exportAdapter(session.model, name);
      expect(again).toEqual(made);
      // Full paths: a list of suffixes would also hit other parts.
      expect(made?.config.target_modules).toEqual([...made!.modules.keys()]);
      session[Symbol.dispose]();
    },
  );

  it.each(refusals)("%s is refused with one sentence, and the adapter in use stays", async (_, checks, make, sentence) => {
    const session = await open(name);
    const own = filesOf(name);
    apply(session, own);
    const wrong = make(own, filesOf(names[(names.indexOf(name) + 1) % names.length] as Name));
    let refused: unknown;
    try {
      apply(session, wrong);
    } catch (error) {
      refused = error;
    }
    if (!(refused instanceof AdapterError)) throw new Error("it was not refused as an adapter", { cause: refused });
    expect(checks).toContain(refused.check);
    expect(refused.message).toMatch(sentence);
    expect(refused.message).toMatch(
      /^The adapter cannot be used: [^\n]+\. Choose a plain LoRA adapter made for the loaded model\.$/,
    );
    const kept = await exportAdapter(session.model, name);
    expect(kept && Buffer.compare(writeAdapter(kept).weights, own.weights)).toBe(0);
    session[Symbol.dispose]();
  });
});
