// A study: every arm of a plan with every seed, `npm run study -- --plan shapes`. Resumable: each finished run is one line of
// runs/study/<plan>.jsonl, and runs that have one are skipped; several processes may share the seeds (`--seeds 1,2`). Prints the
// tables at the end, and with `--table` only those; `--record` writes the results there are for the page, as
// public/recorded/study-<plan>.json. Runs on wasm, or on a GPU through Dawn (`--backend webgpu`; `--adapter` names it in the record).
// `--meter` measures instead what an arm's mask and α do to the gradient of the first step.

import { appendFileSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { evaluate } from "@/engine/evaluate";
import { openSession, uniformPrecision } from "@/engine/loading/openSession";
import { removeLora } from "@/engine/lora";
import type { Session } from "@/engine/session";
import { RewardDesk } from "@/engine/training/experience/rewardScorer";
import { Trainer } from "@/engine/training/trainer";
import type { StepMetrics } from "@/protocol/training";
import { evaluationOf, keptOf } from "@/study/measuring";
import { runsOfPlan, type StudyArm, type StudyPlan, settingsOfRun, studyPlans } from "@/study/plan";
import { recordedText } from "@/study/recorded";
import { lineOf, markdownOf, parseResults, type StudyResult } from "@/study/results";
import { taskById } from "@/tasks/registry";
import { fileFolder } from "./fileFolder";
import { startNodeBackend } from "./nodeBackend";

const { values } = parseArgs({
  args: process.argv.slice(2),
  options: {
    plan: { type: "string", default: "shapes" },
    backend: { type: "string", default: "wasm" },
    format: { type: "string", default: "int8" },
    seeds: { type: "string" },
    arms: { type: "string" },
    out: { type: "string", default: "runs/study" },
    table: { type: "boolean", default: false },
    record: { type: "boolean", default: false },
    meter: { type: "boolean", default: false },
    adapter: { type: "string" },
  },
});

const plan = studyPlans.find(({ id }) => id === values.plan);
if (!plan) throw new Error(`There is no plan "${values.plan}": ${studyPlans.map(({ id }) => id).join(", ")}`);
mkdirSync(values.out, { recursive: true });
const file = `${values.out}/${plan.id}.jsonl`;
const results = (): StudyResult[] => (existsSync(file) ? parseResults(readFileSync(file, "utf8")) : []);
const isDone = (arm: string, seed: number) => results().some((result) => result.arm === arm && result.seed === seed);

const scorer = new RewardDesk();

if (values.meter) await meter(plan);
else {
  if (values.record) writeRecord(plan);
  else if (!values.table) await runAll(plan);
  console.log(markdownOf(plan, results()));
}

async function open(study: StudyPlan): Promise<Session> {
  await startNodeBackend(values.backend === "webgpu" ? "webgpu" : "wasm");
  return openSession(fileFolder(`public/models/${study.model}`), study.model, {
    precision: uniformPrecision(values.format === "f32" ? "f32" : "int8"),
  });
}

/** The variance meter of an arm's first step (VPPO unless `--arms` names others), one line per arm and seed. */
async function meter(study: StudyPlan): Promise<void> {
  const session = await open(study);
  const wanted = values.arms?.split(",") ?? ["vppo"];
  const seeds = values.seeds?.split(",").map(Number) ?? study.seeds;
  for (const { arm, seed } of runsOfPlan(study)) {
    if (!wanted.includes(arm.id) || !seeds.includes(seed)) continue;
    const settings = { ...settingsOfRun(study, arm, seed), measureVariance: true };
    removeLora(session.model);
    const trainer = Trainer.create(session, settings);
    const metrics = (await trainer.takeStep(settings))?.metrics ?? {};
    trainer[Symbol.dispose]();
    const shown = Object.entries(metrics).filter(([name]) => /^vppo\/(gradient|variance|kept|entropy)|perception/.test(name));
    console.log(JSON.stringify({ plan: study.id, arm: arm.id, seed, ...Object.fromEntries(shown) }));
  }
}

async function runAll(study: StudyPlan): Promise<void> {
  const session = await open(study);
  if (!isDone("base", 0)) await record(study, "base", 0, async () => ({ steps: [], ...(await measure(session, study)) }));
  const seeds = values.seeds?.split(",").map(Number);
  const arms = values.arms?.split(",");
  for (const { arm, seed } of runsOfPlan(study)) {
    if ((seeds && !seeds.includes(seed)) || (arms && !arms.includes(arm.id)) || isDone(arm.id, seed)) continue;
    await record(study, arm.id, seed, () => train(session, study, arm, seed));
  }
}

async function record(
  { id }: StudyPlan,
  arm: string,
  seed: number,
  run: () => Promise<Pick<StudyResult, "steps" | "after" | "masked">>,
): Promise<void> {
  const started = performance.now();
  const outcome = await run();
  const seconds = (performance.now() - started) / 1000;
  appendFileSync(file, lineOf({ plan: id, arm, seed, ...outcome, seconds }));
  const accuracy = outcome.after.reduce((sum, { right, answers }) => sum + right / answers, 0) / outcome.after.length;
  console.log(`${arm}, seed ${seed}: accuracy@8 ${(100 * accuracy).toFixed(1)} %, ${seconds.toFixed(0)} s`);
}

/** One run from a fresh adapter, which is taken off again. */
async function train(session: Session, study: StudyPlan, arm: StudyArm, seed: number) {
  const settings = settingsOfRun(study, arm, seed);
  removeLora(session.model);
  const trainer = Trainer.create(session, settings);
  const steps: StepMetrics[] = [];
  for (let i = 0; i < study.steps; i++) {
    const report = await trainer.takeStep(settings);
    if (report) steps.push(keptOf(report.metrics));
  }
  trainer[Symbol.dispose]();
  const measured = await measure(session, study);
  removeLora(session.model);
  return { steps, ...measured };
}

/** Held-out outcomes with the image and without. */
async function measure(session: Session, study: StudyPlan) {
  const problems = taskById(study.task);
  const of = async (masked: boolean) => [
    ...(await evaluate(session, problems, evaluationOf(study, masked), { scorer })).outcomes,
  ];
  return { after: await of(false), masked: await of(true) };
}

/** The results there are, for the page. */
function writeRecord(study: StudyPlan): void {
  const { backend, format } = values;
  const adapter = values.adapter ?? (backend === "wasm" ? cpus()[0]?.model : undefined);
  if (adapter === undefined) throw new Error('Name the GPU that the study ran on: --adapter "..."');
  const flags = `${backend === "wasm" ? "" : ` --backend ${backend}`}${format === "int8" ? "" : ` --format ${format}`}`;
  const target = `public/recorded/study-${study.id}.json`;
  const text = recordedText(study, results(), {
    command: `npm run study -- --plan ${study.id}${flags}`,
    backend,
    adapter,
    format,
    date: statSync(file).mtime.toISOString().slice(0, 10),
  });
  writeFileSync(target, text);
  console.log(`${target}: ${text.length} bytes`);
}
