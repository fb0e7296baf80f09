// Writes the samples of a started pretraining run as lines of JSON to stdout, from its last saved step on, with the learning rate
// of each step: `torchReplica.py` takes the same steps from them. The first line says where every tensor is in the run's state.

import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { parseSmolVlmConfig } from "@/models/smolvlm/config";
import { loadTokenizer } from "@/text/tokenizer";
import { trainingSample } from "./data";
import { type PretrainPlan, scheduleAt, stateOffsets } from "./plan";

const { values } = parseArgs({
  args: process.argv.slice(2),
  options: { state: { type: "string", default: "runs/pretrain-sums" }, until: { type: "string" }, samples: { type: "string" } },
});
const json = (path: string): unknown => JSON.parse(readFileSync(path, "utf8"));
const progress = json(`${values.state}/progress.json`) as { step: number; plan: PretrainPlan };
const { folder, batch, seed } = progress.plan;
const steps = values.samples ? Math.ceil(Number(values.samples) / batch) : progress.plan.steps;
const plan: PretrainPlan = { ...progress.plan, steps };
const config = parseSmolVlmConfig({
  config: json(`${folder}/config.json`),
  preprocessorConfig: json(`${folder}/preprocessor_config.json`),
  processorConfig: json(`${folder}/processor_config.json`),
  generationConfig: json(`${folder}/generation_config.json`),
});
const tokenizer = loadTokenizer(json(`${folder}/tokenizer.json`), json(`${folder}/tokenizer_config.json`));
const imageTokens = (config.vision.imageSize / config.vision.patchSize / config.scaleFactor) ** 2;

await write({ plan: { ...plan, config: undefined }, step: progress.step, offsets: [...stateOffsets(config)] });
for (let step = progress.step; step < Number(values.until ?? steps); step++) {
  const { learningRate, mix } = scheduleAt(plan, step);
  const samples = Array.from({ length: batch }, (_, i) => {
    const { problem, group, weights } = trainingSample(tokenizer, imageTokens, seed, step * batch + i, mix, plan);
    return {
      rgb: Buffer.from(problem.image.data).toString("base64"),
      prompt: [...group.prompt.ids],
      responses: group.responses.map((ids) => [...ids]),
      // A response's learnt tokens are its last ones.
      learnt: weights.map((weight) => weight.reduce((a, b) => a + b, 0)),
    };
  });
  await write({ step, learningRate, samples });
}

/** One line; waits while the reader is behind. */
async function write(value: unknown): Promise<void> {
  if (!process.stdout.write(`${JSON.stringify(value)}\n`)) await new Promise((resolve) => process.stdout.once("drain", resolve));
}
