// A bench for the model loader: the synthetic hub over real connections, the cache on a disk, the wasm backend, and loads with
// everything they said. Test code only.

import { createHash } from "node:crypto";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { memory } from "@tensorflow/tfjs-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect } from "vitest";
import type { CacheDirectory } from "@/fetching/cacheFiles";
import { nodeDirectory } from "@/fetching/test/nodeCacheFiles";
import { readSafetensors, type TensorInfo, writeSafetensors } from "@/formats/safetensors";
import { matrixTensors } from "@/ops/matrix";
import { setUpWasm } from "@/ops/test/wasmFixture";
import type { LoadEvent, LoadRequest } from "@/protocol/engine";
import type { LoadTimes, ModelSource, PrecisionChoice } from "@/protocol/model";
import { type SyntheticHub, serveSyntheticHub } from "../../../../scripts/syntheticHub/server";
import type { Session } from "../../session";
import { ModelLoader } from "../modelLoader";

export const precision: PrecisionChoice = { text: "int8", vision: "f16", head: "int8", groupSize: 32 };
const gibibyte = 2 ** 30;

/** A load that came to its end. */
export interface Outcome {
  /** What the load said before. */
  readonly events: readonly LoadEvent[];
  readonly notices: readonly string[];
  /** Hash of every weight by name; absent after a failure. */
  readonly weights?: string;
  readonly times?: LoadTimes;
  /** Message of the failure. */
  readonly error?: string;
  /** Whether the loader got so far that it asked for room. */
  readonly madeRoom: boolean;
}

export interface LoadChoice {
  readonly repo?: string;
  readonly source?: ModelSource;
  readonly precision?: PrecisionChoice;
  readonly useCache?: boolean;
  readonly budgetBytes?: number;
  readonly rollouts?: number;
  readonly signal?: AbortSignal;
  readonly token?: string;
  /** Waits before another try take their time; else they are noted in `slept` and skipped. */
  readonly isPatient?: boolean;
  /** The cache folder; the bench's own without it. */
  readonly directory?: CacheDirectory;
  readonly onEvent?: (event: LoadEvent, loader: ModelLoader) => void;
}

/** What a test file gets from `setUpLoader`. */
export interface LoaderBench {
  readonly hub: SyntheticHub;
  /** Milliseconds of the waits that were skipped. */
  readonly slept: readonly number[];
  /** Path of the cache's folder on the disk; fresh for every test. */
  readonly cachePath: string;
  /** Loads a model, frees it again, and tells everything. A failed load must leave no tensor behind. */
  load(choice?: LoadChoice): Promise<Outcome>;
  /** A load that must succeed with the right weights and without the network. */
  expectCached(choice?: LoadChoice): Promise<void>;
  loader(directory?: CacheDirectory, isPatient?: boolean): ModelLoader;
  request(choice?: LoadChoice): LoadRequest;
  /** A URL of a repository's folder, which names no commits. */
  url(repo: string): ModelSource;
  /** Bytes of weight files sent since the log was cleared. */
  weightBytesSent(): number;
}

/**
 * The bench; call at top level. Every test starts with an empty cache, no faults and an empty log.
 * @param folders Checkpoints the hub has besides its own, by name (`changedCheckpoint`); deleted at the end.
 */
export function setUpLoader(folders: Readonly<Record<string, string>> = {}): LoaderBench {
  setUpWasm();
  let hub: SyntheticHub;
  let cachePath = "";
  const slept: number[] = [];
  beforeAll(async () => {
    hub = await serveSyntheticHub({ folders });
  });
  afterAll(async () => {
    await hub.close();
    for (const folder of Object.values(folders)) rmSync(folder, { recursive: true, force: true });
  });
  beforeEach(() => {
    hub.reset();
    slept.length = 0;
    cachePath = mkdtempSync(join(tmpdir(), "loader-"));
  });
  afterEach(() => rmSync(cachePath, { recursive: true, force: true }));

  function loader(directory: CacheDirectory = nodeDirectory(cachePath), isPatient = false): ModelLoader {
    return new ModelLoader({
      fetch: (...request) => fetch(...request),
      openCache: async () => ({ directory }),
      estimateStorage: async () => ({}),
      now: Date.now,
      ...(!isPatient && { sleep: async (ms) => void slept.push(ms) }),
    });
  }

  function request({ repo = "tiny/smolvlm-3shards", source, token, useCache = true, ...choice }: LoadChoice = {}): LoadRequest {
    return {
      source: source ?? { kind: "hub", repo, revision: "main", ...(token !== undefined && { token }) },
      precision: choice.precision ?? precision,
      backend: "wasm",
      useCache,
      memory: { contextTokens: 256, rollouts: choice.rollouts ?? 2, loraRank: 4 },
      hubHost: hub.url,
    };
  }

  async function load(choice: LoadChoice = {}): Promise<Outcome> {
    const events: LoadEvent[] = [];
    let madeRoom = false;
    const used = loader(choice.directory, choice.isPatient);
    const before = memory().numTensors;
    const told = () => ({
      events,
      notices: events.flatMap((event) => (event.type === "notice" ? [event.message] : [])),
      madeRoom,
    });
    try {
      const { session, times } = await used.load(request(choice), {
        budgetBytes: choice.budgetBytes ?? gibibyte,
        signal: choice.signal ?? new AbortController().signal,
        emit(event) {
          events.push(event);
          choice.onEvent?.(event, used);
        },
        onFits: () => {
          madeRoom = true;
        },
      });
      const weights = hashOf(session);
      session[Symbol.dispose]();
      return { ...told(), weights, times };
    } catch (error) {
      return { ...told(), error: error instanceof Error ? error.message : String(error) };
    } finally {
      expect(memory().numTensors).toBe(before);
    }
  }

  return {
    get hub() {
      return hub;
    },
    get cachePath() {
      return cachePath;
    },
    slept,
    load,
    loader,
    request,
    url: (repo) => ({ kind: "url", url: `${hub.url}/${repo}/resolve/main/` }),
    weightBytesSent: () =>
      hub.log.filter(({ path }) => /\.(safetensors|gguf)$/.test(path)).reduce((sum, { sentBytes }) => sum + sentBytes, 0),
    async expectCached(choice = {}) {
      hub.reset();
      const { error, weights, notices } = await load(choice);
      expect([error, notices, hub.log]).toEqual([undefined, [], []]);
      const { weights: fresh } = await load({ ...choice, useCache: false });
      expect(weights).toBe(fresh);
      hub.reset();
    },
  };
}

/** One hash of all weights of a session. */
function hashOf({ weights }: Session): string {
  const hash = createHash("sha256");
  for (const [name, weight] of [...weights].sort(([a], [b]) => (a < b ? -1 : 1))) {
    hash.update(name);
    for (const tensor of "parts" in weight ? matrixTensors(weight) : [weight]) hash.update(tensor.dataSync());
  }
  return hash.digest("hex");
}

/** A copy of fixtures/smolvlm, changed: its config.json, and its tensors with their bytes. */
export function changedCheckpoint(change: {
  readonly config?: (config: Record<string, unknown>) => void;
  readonly tensors?: (tensors: (TensorInfo & { bytes: Uint8Array })[]) => (TensorInfo & { bytes: Uint8Array })[];
}): string {
  const folder = mkdtempSync(join(tmpdir(), "checkpoint-"));
  cpSync(new URL("../../../../fixtures/smolvlm", import.meta.url).pathname, folder, { recursive: true });
  if (change.config) {
    const path = join(folder, "config.json");
    const config = JSON.parse(readFileSync(path, "utf8")) as Record<string, unknown>;
    change.config(config);
    writeFileSync(path, JSON.stringify(config));
  }
  if (change.tensors) {
    const path = join(folder, "model.safetensors");
    const file = readSafetensors(readFileSync(path));
    const tensors = [...file.tensors.values()].map((tensor) => ({ ...tensor, bytes: file.bytes(tensor.name).slice() }));
    writeFileSync(path, writeSafetensors(change.tensors(tensors), new Map([["format", "pt"]])));
  }
  return folder;
}
