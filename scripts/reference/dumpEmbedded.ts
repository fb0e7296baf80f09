// Greedy answers of the embedded model by this engine, as JSON for `check_embedded.py`:
// `node scripts/run.mjs scripts/reference/dumpEmbedded.ts > /tmp/embedded.json`.

import { rollOut } from "@/engine/decoding/rollouts";
import { openSession, uniformPrecision } from "@/engine/loading/openSession";
import { withInstruction } from "@/tasks/instruction";
import { sampleShapes } from "@/tasks/shapes/sampleShapes";
import { fileFolder } from "../fileFolder";
import { startNodeBackend } from "../nodeBackend";

const count = 8;
await startNodeBackend("wasm");
const session = await openSession(fileFolder("public/models/shapes-vlm"), "shapes-vlm", { precision: uniformPrecision("f32") });
const problems = Array.from({ length: count }, (_, index) => sampleShapes(7, index, "heldOut"));
const questions = problems.map(({ image, question }) => ({ image, text: withInstruction(question) }));
const sampling = { temperature: 0, topP: 1, topK: 0, seed: 0, maxNewTokens: 64 };
const rollouts = await rollOut(session, { questions, rollouts: 1, sampling });
const cases = rollouts.map(({ ids }, i) => ({
  text: questions[i]?.text,
  width: problems[i]?.image.width,
  height: problems[i]?.image.height,
  rgb: Buffer.from(problems[i]?.image.data ?? []).toString("base64"),
  ids: [...ids],
}));
console.log(JSON.stringify(cases));
