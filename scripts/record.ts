// Makes the recorded example the page opens on: `npm run record -- --steps 40`. Runs the page's engine in headless Chromium:
// answers of the first samples, then a VPPO run with the default settings, with accuracy@8 on held-out problems before and
// after, with and without the picture. Writes public/recorded/example.json and the trained adapter.

import { mkdirSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import type { RecordedAnswer, Recording } from "@/protocol/recorded";
import { summarise } from "@/rl/evaluation";
import { openBrowserPage } from "./browserPage";
import type { Recorder } from "./record/page";

declare const recorder: Recorder;

const { values } = parseArgs({
  args: process.argv.slice(2),
  options: {
    backend: { type: "string", default: "webgpu" },
    steps: { type: "string", default: "40" },
    problems: { type: "string", default: "100" },
    samples: { type: "string", default: "3" },
    out: { type: "string", default: "public/recorded" },
  },
});
const backend = values.backend === "wasm" ? "wasm" : "webgpu";
const steps = Number(values.steps);
const problems = Number(values.problems);

const { page, close } = await openBrowserPage("scripts/record/page.html", "recorder");
const { adapter, model } = await page.evaluate((kind) => recorder.load(kind), backend as "wasm" | "webgpu");
console.log(`${model.name} ${model.precision.text}, ${adapter}`);
const answers: RecordedAnswer[] = [];
const texts: Record<number, string> = {};
for (let i = 0; i < Number(values.samples); i++) {
  const recorded = await page.evaluate((index) => recorder.ask(index), i);
  answers.push(recorded.answer);
  Object.assign(texts, recorded.texts);
  console.log(`asked: ${recorded.answer.question}`);
}

const accuracy = async (masked: boolean) => {
  const started = Date.now();
  const report = await page.evaluate(([n, m]) => recorder.evaluate(n, m), [problems, masked] as const);
  const { value } = summarise(report.outcomes).accuracy;
  console.log(
    `accuracy@8 ${value.toFixed(4)}${masked ? " masked" : ""} on ${problems} problems, ${((Date.now() - started) / 1000).toFixed(0)} s`,
  );
  return value;
};
let run: Recording["run"];
if (steps > 0) {
  const before = await accuracy(false);
  const maskedBefore = await accuracy(true);
  const metrics = await page.evaluate((n) => recorder.train(n, {}), steps);
  const after = await accuracy(false);
  const maskedAfter = await accuracy(true);
  const settings = await page.evaluate(() => recorder.settings);
  run = {
    name: `VPPO, ${steps} steps`,
    settings: { ...settings },
    steps: metrics,
    evaluation: { before, after, maskedBefore, maskedAfter },
  };
  const files = await page.evaluate(() => recorder.adapter());
  mkdirSync(`${values.out}/adapter`, { recursive: true });
  writeFileSync(`${values.out}/adapter/adapter_config.json`, files.config);
  writeFileSync(`${values.out}/adapter/adapter_model.safetensors`, Buffer.from(files.weights, "base64"));
}
const command = `npm run record -- --backend ${backend} --steps ${steps} --problems ${problems}`;
const recording: Recording = { version: 1, model: model.name, adapter, command, texts, answers, ...(run && { run }) };
mkdirSync(values.out, { recursive: true });
writeFileSync(`${values.out}/example.json`, JSON.stringify(recording));
console.log(`wrote ${values.out}/example.json`);
await close();
