// Studies of one's own kept in the browser, in a small database of their own: what was chosen, and one line per finished run in the form
// of the results file, so that a page that is closed loses at most the run it was in. What is read passes the schemas.

import { type DBSchema, type IDBPDatabase, openDB } from "idb";
import * as v from "valibot";
import { UserError } from "@/lib/errors";
import { type OwnStudy, type StudyHead, studyHeadSchema } from "@/study/ownStudy";
import { lineOf, parseResults, type StudyResult } from "@/study/results";

/** Studies cannot be kept here, or a result was not. */
export class StudyStorageError extends UserError {
  override readonly name = "StudyStorageError";
}

/** Values have left the gate only after `list`. */
interface Tables extends DBSchema {
  studies: { key: string; value: unknown };
  /** Key: study, arm, seed. */
  results: { key: [string, string, number]; value: string };
}

/** The studies that are kept, and how many entries cannot be read. */
export interface StoredStudies {
  /** The newest first. */
  readonly studies: readonly OwnStudy[];
  readonly damaged: number;
}

/** The kept studies of this browser. */
export class StudyStorage {
  #database: Promise<IDBPDatabase<Tables>> | undefined;

  constructor(private readonly name = "vppo-playground-studies") {}

  /** All that can be read; rejects with StudyStorageError where the browser stores nothing. */
  async list(): Promise<StoredStudies> {
    return this.#do("The stored studies cannot be shown", async (database) => {
      let damaged = 0;
      const studies: OwnStudy[] = [];
      for (const value of await database.getAll("studies")) {
        const head = v.safeParse(studyHeadSchema, value);
        if (!head.success) {
          damaged++;
          continue;
        }
        const results: StudyResult[] = [];
        for (const line of await database.getAll("results", resultsOf(head.output.id))) {
          const read = resultOf(line);
          if (read) results.push(read);
          else damaged++;
        }
        studies.push({ ...head.output, results });
      }
      return { studies: studies.sort((a, b) => b.createdAt - a.createdAt), damaged };
    });
  }

  /** Keeps what was chosen, with the results there are. */
  async put({ results, ...head }: OwnStudy): Promise<void> {
    await this.#do("The study is not kept", async (database) => {
      const transaction = database.transaction(["studies", "results"], "readwrite");
      await transaction.objectStore("studies").put(head, head.id);
      for (const result of results) await transaction.objectStore("results").put(lineOf(result), keyOf(head, result));
      await transaction.done;
    });
  }

  /** Keeps one finished run; on the disk when this resolves. */
  async add(head: StudyHead, result: StudyResult): Promise<void> {
    await this.#do("The run's result is not kept", async (database) => {
      const transaction = database.transaction("results", "readwrite", { durability: "strict" });
      await transaction.store.put(lineOf(result), keyOf(head, result));
      await transaction.done;
    });
  }

  /** Forgets a study with its results. */
  async remove(id: string): Promise<void> {
    await this.#do("The study was not deleted", async (database) => {
      const transaction = database.transaction(["studies", "results"], "readwrite");
      await transaction.objectStore("studies").delete(id);
      await transaction.objectStore("results").delete(resultsOf(id));
      await transaction.done;
    });
  }

  /** Closes the database; the next call opens it again. */
  async close(): Promise<void> {
    const database = await this.#database;
    this.#database = undefined;
    database?.close();
  }

  async #do<T>(what: string, work: (database: IDBPDatabase<Tables>) => Promise<T>): Promise<T> {
    try {
      this.#database ??= this.#open();
      return await work(await this.#database);
    } catch (cause) {
      this.#database = undefined;
      const isFull = cause instanceof Error && cause.name === "QuotaExceededError";
      const reason = cause instanceof Error ? cause.message : String(cause);
      const why = isFull
        ? "the browser's storage is full"
        : `the browser's database does not work (${reason.replace(/\.$/, "")})`;
      const todo = isFull ? "Delete runs or cached models, or save the results as a file" : "Save the results as a file";
      throw new StudyStorageError(what, why, todo, { cause });
    }
  }

  #open(): Promise<IDBPDatabase<Tables>> {
    const forget = () => {
      this.#database = undefined;
    };
    return openDB<Tables>(this.name, 1, {
      upgrade(database) {
        database.createObjectStore("studies");
        database.createObjectStore("results");
      },
      // A newer page in another tab wants to change the tables: make way.
      blocking(_current, _wanted, event) {
        if (event.target instanceof IDBDatabase) event.target.close();
        forget();
      },
      terminated: forget,
    });
  }
}

function keyOf({ id }: Pick<StudyHead, "id">, { arm, seed }: StudyResult): [string, string, number] {
  return [id, arm, seed];
}

/** All results of a study: texts come after numbers in a key, lists after both. */
function resultsOf(id: string): IDBKeyRange {
  return IDBKeyRange.bound([id], [id, []]);
}

function resultOf(line: unknown): StudyResult | undefined {
  if (typeof line !== "string") return undefined;
  try {
    return parseResults(line)[0];
  } catch {
    return undefined;
  }
}
