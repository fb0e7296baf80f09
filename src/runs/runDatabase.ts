// The database of runs: four tables in IndexedDB. States lie beside the metrics and not in files, because one transaction then covers
// a step with its state and the run's entry, and a page that is killed leaves all of it or nothing. Keys begin with the run's id.

import { type DBSchema, type IDBPDatabase, type IDBPTransaction, openDB, type StoreNames } from "idb";
import type { RunInfo } from "@/protocol/runs";
import { RunsUnavailableError } from "./runErrors";
import type { RolloutRow, StepRow } from "./schemas";

/** A run's entry, and how many rollouts it keeps. */
export interface RunRow {
  readonly id: string;
  readonly info: RunInfo;
  /** Rollouts of every n-th step are stored, so that they stay within their bound. */
  readonly everyRollouts: number;
  readonly rolloutBytes: number;
}

/** Values have left the gate of schemas.ts only after `checked`. */
export interface RunTables extends DBSchema {
  runs: { key: string; value: RunRow };
  steps: { key: [string, number]; value: StepRow };
  rollouts: {
    key: [string, number];
    value: RolloutRow & { readonly sizeBytes: number };
    indexes: { sizes: [string, number, number] };
  };
  states: {
    key: [string, number];
    value: { readonly run: string; readonly step: number; readonly sizeBytes: number; readonly state: Uint8Array };
    /** Sizes without reading the bytes. */
    indexes: { sizes: [string, number, number] };
  };
}

export type Table = StoreNames<RunTables>;
export type RunDatabase = IDBPDatabase<RunTables>;
export type RunTransaction = IDBPTransaction<RunTables, Table[], "readwrite">;

export const allTables: Table[] = ["runs", "steps", "rollouts", "states"];
const version = 1;

/** Opens the database, making it when it is new; rejects with RunsUnavailableError. `onClosed` tells that it has to be opened again. */
export async function openRunDatabase(name: string, onClosed: () => void): Promise<RunDatabase> {
  if (typeof indexedDB === "undefined") throw new RunsUnavailableError("this browser has no database");
  try {
    return await openDB<RunTables>(name, version, {
      upgrade(database) {
        database.createObjectStore("runs", { keyPath: "id" });
        database.createObjectStore("steps", { keyPath: ["run", "step"] });
        for (const table of ["rollouts", "states"] as const) {
          database.createObjectStore(table, { keyPath: ["run", "step"] }).createIndex("sizes", ["run", "step", "sizeBytes"]);
        }
      },
      // A newer page in another tab wants to change the tables: make way.
      blocking(_current, _wanted, event) {
        if (event.target instanceof IDBDatabase) event.target.close();
        onClosed();
      },
      terminated: onClosed,
    });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new RunsUnavailableError(`the browser does not open its database (${reason})`, { cause: error });
  }
}

/** All keys of a run in a table whose key is [run, step]. */
export function keysOf(run: string, from = 0, to = Number.MAX_SAFE_INTEGER): IDBKeyRange {
  return IDBKeyRange.bound([run, from], [run, to]);
}

/** All sizes of a run in the index of a table, without the values. */
export function sizesOf(run: string): IDBKeyRange {
  return IDBKeyRange.bound([run], [run, []]);
}

/** Runs `work` in one transaction that ends as a whole: an error inside takes everything back. Await nothing but the database in it. */
export async function inTransaction<T>(database: RunDatabase, work: (transaction: RunTransaction) => Promise<T>): Promise<T> {
  // "strict": committed means on the disk, so that a crash right after a step does not lose it.
  const transaction = database.transaction(allTables, "readwrite", { durability: "strict" });
  try {
    const result = await work(transaction);
    await transaction.done;
    return result;
  } catch (error) {
    // A failed request aborts by itself, and so does a full disk while committing.
    const cause = transaction.error ?? error;
    try {
      transaction.abort();
    } catch {
      // It has ended already.
    }
    await transaction.done.catch(() => undefined);
    throw cause;
  }
}
