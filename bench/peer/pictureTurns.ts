// The page's part about a picture: every engine's features against the reference's, then the first token about it, in turns.

import { median } from "../timing";
import type { GpuCounters } from "./counters";
import type { PeerEngine, PictureTask } from "./engine";
import { type FeatureError, featureError, measurePicture, type PictureRun } from "./measure";
import { peerPicture } from "./picture";
import type { EngineName, PeerPlan, PictureResult } from "./plan";
import { imageTokenId, pictureIds } from "./sizes";

/** What ONNX Runtime's CPU provider makes of the picture. */
export interface PictureReference {
  readonly token: number;
  readonly features: Float32Array;
}

export interface LookOptions {
  readonly reference: PictureReference | undefined;
  readonly counters: Pick<GpuCounters, "snapshot" | "restartHostTime">;
  /** What an engine could not do is added here. */
  readonly problems: string[];
  readonly say: (line: string) => void;
}

/** Results by engine; an engine that stops has none. */
export async function lookInTurns(
  opened: readonly { readonly name: EngineName; readonly engine: PeerEngine }[],
  plan: PeerPlan,
  { reference, counters, problems, say }: LookOptions,
): Promise<ReadonlyMap<EngineName, PictureResult>> {
  const { imageSize: side } = plan.size.tower;
  const task: PictureTask = { image: peerPicture(side), ids: pictureIds(plan.size) };
  const results = new Map<EngineName, { readonly error: FeatureError | undefined; readonly runs: PictureRun[] }>();
  const failed = (name: EngineName, error: unknown) => {
    results.delete(name);
    problems.push(`${name} stopped at the picture: ${String(error).split("\n")[0]?.slice(0, 300)}`);
  };
  // Compiles the tower's kernels; those of the decoder have read prompts.
  for (const { name, engine } of opened) {
    if (!engine.picture) continue;
    try {
      const started = performance.now();
      const features = await engine.picture.features(task.image);
      const error = reference && featureError(features, reference.features);
      results.set(name, { error, runs: [] });
      const apart = error ? `, ${error.relative.toExponential(1)} from the CPU's` : "";
      say(`${name}, picture, warm-up: features in ${(performance.now() - started).toFixed(0)} ms${apart}`);
    } catch (error) {
      failed(name, error);
    }
  }
  for (let turn = 0; turn < plan.repetitions; turn++) {
    for (const { name, engine } of opened) {
      const result = results.get(name);
      if (!engine.picture || !result) continue;
      try {
        const run = await measurePicture(engine.picture, task, counters);
        result.runs.push(run);
        say(`${name}, picture, run ${turn + 1} of ${plan.repetitions}: first token ${run.token} in ${run.work.t.toFixed(0)} ms`);
      } catch (error) {
        failed(name, error);
      }
    }
  }
  const imageTokens = task.ids.filter((id) => id === imageTokenId(plan.size)).length;
  return new Map(
    [...results].map(([name, { error, runs }]) => {
      const { token, work } = runs[runs.length - 1] as PictureRun;
      const of = (key: "t" | "hostMs") => median(runs.map((run) => run.work[key]));
      const agreement = reference && { isReferenceToken: runs.every((run) => run.token === reference.token) };
      const counted = {
        side,
        imageTokens,
        promptTokens: task.ids.length,
        runs: runs.length,
        ms: of("t"),
        hostMs: of("hostMs"),
        token,
        work,
      };
      return [name, { ...counted, ...agreement, ...(error && { features: error }) }] as const;
    }),
  );
}
