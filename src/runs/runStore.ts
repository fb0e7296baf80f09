// Stored runs: one object over the database, the same in page and worker. The engine commits steps, the page lists, renames, forks
// and deletes. Every change is one transaction; what comes out passes schemas.ts. Whole runs as files are runArchive.ts' business.

import type { RunInfo, RunJournal, RunModel, SettingsChange, StepEntry } from "@/protocol/runs";
import type { StepMetrics, StepReport, TrainSettings } from "@/protocol/training";
import { type Checkpoint, defaultKeepRules, droppedCheckpoints, type KeepRules } from "./keptCheckpoints";
import {
  inTransaction,
  keysOf,
  openRunDatabase,
  type RunDatabase,
  type RunRow,
  type RunTransaction,
  sizesOf,
} from "./runDatabase";
import { RunBusyError, RunDataError, RunMissingError, StorageFullError } from "./runErrors";
import {
  checked,
  longestName,
  longestNote,
  type RolloutRow,
  rolloutRowSchema,
  runInfoSchema,
  type StepRow,
  stepRowSchema,
} from "./schemas";
import { ownState, rolloutRowOf, sizeOf } from "./storedStep";

export interface RunStoreOptions {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly newId: () => string;
  readonly estimate: () => Promise<StorageEstimate>;
  readonly keep?: Partial<KeepRules>;
  /** Told when something could not be stored for want of room, before the call rejects. */
  readonly onFull?: (neededBytes: number) => void;
  readonly database?: string;
}

/** What a run starts with. */
export interface RunStart {
  readonly name: string;
  readonly settings: TrainSettings;
  readonly model?: RunModel;
  readonly targetStep?: number;
}

/** What of a run's entry can be changed; a target of null takes it away. */
export interface RunChange {
  readonly name?: string;
  readonly note?: string;
  readonly status?: RunInfo["status"];
  readonly targetStep?: number | null;
}

/** A whole run, as a file holds it. */
export interface RunContent {
  readonly info: RunInfo;
  readonly steps: readonly StepRow[];
  readonly rollouts: readonly RolloutRow[];
  readonly states: readonly { readonly step: number; readonly state: Uint8Array }[];
}

export class RunStore implements RunJournal {
  readonly #keep: KeepRules;
  #database: Promise<RunDatabase> | undefined;

  constructor(private readonly options: RunStoreOptions) {
    this.#keep = { ...defaultKeepRules, ...options.keep };
  }

  /** Every run, the newest first; one that cannot be read is left out and named in `damaged`. */
  async list(): Promise<{ readonly runs: readonly RunInfo[]; readonly damaged: readonly string[] }> {
    const rows = await (await this.#open()).getAll("runs");
    const damaged: string[] = [];
    const runs = rows.flatMap((row) => {
      try {
        return [infoOf(row)];
      } catch (error) {
        if (!(error instanceof RunDataError)) throw error;
        damaged.push(row.id);
        return [];
      }
    });
    return { runs: runs.sort((a, b) => b.createdAt - a.createdAt), damaged };
  }

  /** The entry of a run; rejects with RunMissingError. */
  async get(id: string): Promise<RunInfo> {
    const row = await (await this.#open()).get("runs", id);
    if (!row) throw new RunMissingError(id);
    return infoOf(row);
  }

  /** A new run without steps; a Hub token is left out. */
  async create({ name, settings, model, targetStep }: RunStart): Promise<RunInfo> {
    const now = this.options.now();
    const info: RunInfo = {
      id: this.options.newId(),
      name: name.slice(0, longestName),
      note: "",
      createdAt: now,
      updatedAt: now,
      status: "running",
      origin: "trained",
      ...(model && { model }),
      settings: [{ fromStep: 1, settings }],
      lastStep: 0,
      ...(targetStep !== undefined && { targetStep }),
    };
    await this.insert({ info, steps: [], rollouts: [], states: [] });
    return this.get(info.id);
  }

  /** Changes a run's entry; rejects with RunMissingError. */
  change(id: string, { targetStep, ...change }: RunChange): Promise<RunInfo> {
    return this.#write(`The run could not be changed`, sizeOf(change), async (transaction) => {
      const row = await rowOf(transaction, id);
      const { targetStep: before, ...info } = infoOf(row);
      const target = targetStep === undefined ? before : targetStep;
      const next: RunInfo = {
        ...info,
        ...change,
        name: (change.name ?? info.name).slice(0, longestName),
        note: (change.note ?? info.note).slice(0, longestNote),
        ...(target !== null && target !== undefined && { targetStep: target }),
        updatedAt: this.options.now(),
      };
      await transaction.objectStore("runs").put({ ...row, info: next });
      return next;
    });
  }

  /** Deletes runs with all they left behind. */
  remove(ids: readonly string[]): Promise<void> {
    return this.#write("The run could not be deleted", 0, async (transaction) => {
      for (const id of ids) {
        await transaction.objectStore("runs").delete(id);
        for (const table of ["steps", "rollouts", "states"] as const) await transaction.objectStore(table).delete(keysOf(id));
      }
    });
  }

  /** A new run that goes on from a checkpoint, with the history up to it; rejects with RunMissingError when it was deleted. */
  fork(id: string, step: number, name: string): Promise<RunInfo> {
    const fork = this.options.newId();
    const now = this.options.now();
    return this.#write("The run could not be forked", 0, async (transaction) => {
      const row = await rowOf(transaction, id);
      const { targetStep: _, ...info } = infoOf(row);
      const state = await transaction.objectStore("states").get([id, step]);
      if (!state) throw new RunMissingError(`${id}, step ${step},`);
      const next: RunInfo = {
        ...info,
        id: fork,
        name: name.slice(0, longestName),
        createdAt: now,
        updatedAt: now,
        status: "paused",
        settings: info.settings.filter(({ fromStep }) => fromStep <= Math.max(1, step)),
        lastStep: step,
        forkedFrom: { run: id, step },
      };
      await transaction.objectStore("states").put({ ...state, run: fork });
      for (const one of await transaction.objectStore("steps").getAll(keysOf(id, 0, step))) {
        await transaction.objectStore("steps").put({ ...one, run: fork });
      }
      let rolloutBytes = 0;
      for (const key of await transaction.objectStore("rollouts").getAllKeys(keysOf(id, 0, step))) {
        const one = await transaction.objectStore("rollouts").get(key);
        if (!one) continue;
        rolloutBytes += one.sizeBytes;
        await transaction.objectStore("rollouts").put({ ...one, run: fork });
      }
      await transaction.objectStore("runs").put({ ...row, id: fork, info: next, rolloutBytes });
      return next;
    });
  }

  /** Stores a whole run under its id, which must be new. */
  insert({ info, steps, rollouts, states }: RunContent): Promise<void> {
    const row = { id: info.id, everyRollouts: this.#keep.everyRollouts };
    const sized = rollouts.map((one) => ({ ...one, run: info.id, sizeBytes: sizeOf(one) }));
    const rolloutBytes = sized.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    const bytes = rolloutBytes + states.reduce((sum, { state }) => sum + state.byteLength, 0) + sizeOf(steps);
    return this.#write("The run could not be stored", bytes, async (transaction) => {
      const clean = checked(runInfoSchema, info, `The run ${info.name}`);
      await transaction.objectStore("runs").add({ ...row, info: clean, rolloutBytes });
      for (const one of steps) await transaction.objectStore("steps").add({ ...one, run: info.id });
      for (const one of sized) await transaction.objectStore("rollouts").add(one);
      for (const { step, state } of states) await transaction.objectStore("states").add(stateRow(info.id, step, state));
    });
  }

  async lastState(run: string): Promise<{ readonly step: number; readonly state: Uint8Array } | undefined> {
    const { lastStep, name } = await this.get(run);
    const state = await this.stateAt(run, lastStep);
    if (!state && lastStep === 0) return undefined;
    if (!state) {
      const why = `its state after step ${lastStep} is not stored`;
      throw new RunDataError(`The run ${name} cannot go on`, why, "Fork it from one of its checkpoints");
    }
    return { step: lastStep, state };
  }

  /** The state after a step; undefined when it is not kept. */
  async stateAt(run: string, step: number): Promise<Uint8Array | undefined> {
    const row = await (await this.#open()).get("states", [run, step]);
    return row && row.state instanceof Uint8Array ? row.state : undefined;
  }

  begin(run: string, state: Uint8Array): Promise<void> {
    const own = ownState(state);
    return this.#write("The run's beginning could not be stored", own.byteLength, async (transaction) => {
      const { lastStep } = infoOf(await rowOf(transaction, run));
      if (lastStep > 0)
        throw new RunBusyError(`it was about to begin and is at step ${lastStep} already: it was trained elsewhere`);
      await transaction.objectStore("states").put(stateRow(run, 0, own));
    });
  }

  commit(run: string, { report, settings, state }: StepEntry): Promise<void> {
    const rollouts = rolloutRowOf(run, report);
    const own = ownState(state);
    const bytes = own.byteLength + rollouts.sizeBytes + sizeOf(report.metrics);
    return this.#write(`Step ${report.step} could not be stored`, bytes, async (transaction) => {
      const row = await rowOf(transaction, run);
      const info = infoOf(row);
      if (report.step <= info.lastStep) {
        throw new RunBusyError(
          `step ${report.step} was about to be stored and the run is at ${info.lastStep} already: it was trained elsewhere meanwhile`,
        );
      }
      await transaction.objectStore("steps").put({ run, step: report.step, metrics: report.metrics });
      await transaction.objectStore("states").put(stateRow(run, report.step, own));
      await this.#dropCheckpoints(transaction, run);
      const kept = await this.#putRollouts(transaction, row, rollouts);
      const next: RunInfo = {
        ...info,
        lastStep: report.step,
        updatedAt: this.options.now(),
        settings: withSettings(info.settings, report.step, settings),
        // In the same transaction, so that a run whose last step is stored is never taken for an interrupted one.
        status: info.targetStep !== undefined && report.step >= info.targetStep ? "finished" : info.status,
      };
      await transaction.objectStore("runs").put({ ...kept, info: next });
    });
  }

  /** Adds numbers to a stored step, as an evaluation has them later; a step that is not stored takes none. */
  addMetrics(run: string, step: number, metrics: StepMetrics): Promise<void> {
    return this.#write(`The numbers of step ${step} could not be stored`, sizeOf(metrics), async (transaction) => {
      const steps = transaction.objectStore("steps");
      const row = await steps.get([run, step]);
      if (!row) return;
      const own = checked(stepRowSchema, row, `Step ${step} of the run`);
      await steps.put({ ...own, metrics: { ...own.metrics, ...metrics } });
    });
  }

  /** Metrics of every stored step, in order. */
  async metrics(run: string): Promise<readonly StepRow[]> {
    const rows = await (await this.#open()).getAll("steps", keysOf(run));
    return rows.map((row) => checked(stepRowSchema, row, `Step ${row.step} of the run`));
  }

  /** Metrics of the newest step; undefined for a run without steps. */
  async lastMetrics(run: string): Promise<StepMetrics | undefined> {
    const cursor = await (await this.#open()).transaction("steps").store.openCursor(keysOf(run), "prev");
    return cursor ? checked(stepRowSchema, cursor.value, "The newest step of the run").metrics : undefined;
  }

  /** Steps whose rollouts are stored, in order. */
  async rolloutSteps(run: string): Promise<readonly number[]> {
    return (await (await this.#open()).getAllKeys("rollouts", keysOf(run))).map(([, step]) => step);
  }

  /** The rollouts of a step; undefined when they are not kept. */
  async rolloutsAt(run: string, step: number): Promise<RolloutRow | undefined> {
    const row = await (await this.#open()).get("rollouts", [run, step]);
    return row && checked(rolloutRowSchema, row, `The rollouts of step ${step}`);
  }

  /** A step as it was reported; without rollouts where they are not kept. */
  async reportOf({ run, step, metrics }: StepRow): Promise<StepReport> {
    const row = await this.rolloutsAt(run, step);
    const report = { step, metrics, rollouts: row?.rollouts ?? [], images: row?.images ?? [], texts: row?.texts ?? {} };
    return row?.recipe ? { ...report, recipe: row.recipe } : report;
  }

  /** Stored states of a run, oldest first. */
  async checkpoints(run: string): Promise<readonly Checkpoint[]> {
    const transaction = (await this.#open()).transaction("states");
    return readSizes(await transaction.store.index("sizes").openKeyCursor(sizesOf(run)));
  }

  /** Checkpoints that may be deleted to make room for so many bytes: those of the oldest runs first, never a run's last one. */
  async oldestCheckpoints(bytes: number): Promise<readonly Checkpoint[]> {
    const { runs } = await this.list();
    const found: Checkpoint[] = [];
    let sum = 0;
    for (const { id } of runs.toSorted((a, b) => a.updatedAt - b.updatedAt)) {
      for (const checkpoint of (await this.checkpoints(id)).slice(0, -1)) {
        if (sum >= bytes) return found;
        found.push(checkpoint);
        sum += checkpoint.sizeBytes;
      }
    }
    return found;
  }

  /** Deletes checkpoints; a run's last one stays, even when it is named. */
  deleteCheckpoints(checkpoints: readonly Pick<Checkpoint, "run" | "step">[]): Promise<void> {
    return this.#write("The checkpoints could not be deleted", 0, async (transaction) => {
      for (const { run, step } of checkpoints) {
        const row = await transaction.objectStore("runs").get(run);
        if (row?.info.lastStep !== step) await transaction.objectStore("states").delete([run, step]);
      }
    });
  }

  /** Bytes used and granted, as far as the browser says. */
  usage(): Promise<StorageEstimate> {
    return this.options.estimate();
  }

  /** Closes the database; the next call opens it again. */
  async close(): Promise<void> {
    const open = this.#database;
    this.#database = undefined;
    (await open)?.close();
  }

  #open(): Promise<RunDatabase> {
    this.#database ??= openRunDatabase(this.options.database ?? "vppo-playground-runs", () => {
      this.#database = undefined;
    });
    // What could not be opened is tried again the next time.
    this.#database.catch(() => {
      this.#database = undefined;
    });
    return this.#database;
  }

  async #write<T>(what: string, bytes: number, work: (transaction: RunTransaction) => Promise<T>): Promise<T> {
    try {
      return await inTransaction(await this.#open(), work);
    } catch (error) {
      if (!(error instanceof Error) || error.name !== "QuotaExceededError") throw error;
      this.options.onFull?.(bytes);
      const estimate = await this.options.estimate().catch(() => ({}));
      throw new StorageFullError(`${what}, and nothing of it was`, bytes, estimate, { cause: error });
    }
  }

  async #dropCheckpoints(transaction: RunTransaction, run: string): Promise<void> {
    const states = transaction.objectStore("states");
    const checkpoints = await readSizes(await states.index("sizes").openKeyCursor(sizesOf(run)));
    for (const { step } of droppedCheckpoints(checkpoints, this.#keep)) await states.delete([run, step]);
  }

  /** Stores a step's rollouts when it is their turn; returns the run's row with its counters. */
  async #putRollouts(
    transaction: RunTransaction,
    row: RunRow,
    rollouts: RolloutRow & { readonly sizeBytes: number },
  ): Promise<RunRow> {
    const table = transaction.objectStore("rollouts");
    let { everyRollouts, rolloutBytes } = row;
    if (rollouts.step % everyRollouts !== 0) return row;
    await table.put(rollouts);
    rolloutBytes += rollouts.sizeBytes;
    while (rolloutBytes > this.#keep.rolloutBytes && everyRollouts < Number.MAX_SAFE_INTEGER / 2) {
      const stored = await readSizes(await table.index("sizes").openKeyCursor(sizesOf(row.id)));
      if (stored.length < 2) break;
      everyRollouts *= 2;
      for (const { step, sizeBytes } of stored) {
        if (step % everyRollouts === 0) continue;
        await table.delete([row.id, step]);
        rolloutBytes -= sizeBytes;
      }
    }
    return { ...row, everyRollouts, rolloutBytes };
  }
}

function infoOf(row: RunRow): RunInfo {
  return checked(runInfoSchema, row.info, `The run ${row.id}`);
}

async function rowOf(transaction: RunTransaction, id: string): Promise<RunRow> {
  const row = await transaction.objectStore("runs").get(id);
  if (!row) throw new RunMissingError(id);
  return row;
}

const stateRow = (run: string, step: number, state: Uint8Array) => ({
  run,
  step,
  sizeBytes: state.byteLength,
  state: ownState(state),
});

interface SizeCursor {
  readonly key: [string, number, number];
  continue(): Promise<SizeCursor | null>;
}

async function readSizes(first: SizeCursor | null): Promise<Checkpoint[]> {
  const found: Checkpoint[] = [];
  for (let cursor = first; cursor; cursor = await cursor.continue()) {
    const [run, step, sizeBytes] = cursor.key;
    found.push({ run, step, sizeBytes });
  }
  return found;
}

/** The changes with the settings of a step, which are a change when they are not those before it. */
function withSettings(changes: readonly SettingsChange[], step: number, settings: TrainSettings): readonly SettingsChange[] {
  const last = changes.at(-1);
  if (last && sameSettings(last.settings, settings)) return changes;
  return [...changes.filter(({ fromStep }) => fromStep < step), { fromStep: step, settings }];
}

function sameSettings(a: unknown, b: unknown): boolean {
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return Object.is(a, b);
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...keys].every((key) => sameSettings(Reflect.get(a, key), Reflect.get(b, key)));
}
