// Studies of one's own kept in the browser, in a small database of their own: what was chosen, and one line per finished run in the form
// of the results file, so that a page that is closed loses at most the run it was in. What is read passes the schemas.

import type { DBSchema } from "idb";
import * as v from "valibot";
import { type OwnStudy, type StudyHead, studyHeadSchema } from "@/study/ownStudy";
import { lineOf, parseResults, type StudyResult } from "@/study/results";
import { KeptDatabase } from "../keptDatabase";

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
  readonly #database: KeptDatabase<Tables>;

  constructor(name = "vppo-playground-studies") {
    this.#database = new KeptDatabase(name, ["studies", "results"]);
  }

  /** All that can be read; rejects with KeptDatabaseError where the browser stores nothing. */
  async list(): Promise<StoredStudies> {
    return this.#database.do("The stored studies cannot be shown", async (database) => {
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
    await this.#database.do("The study is not kept", async (database) => {
      const transaction = database.transaction(["studies", "results"], "readwrite");
      await transaction.objectStore("studies").put(head, head.id);
      for (const result of results) await transaction.objectStore("results").put(lineOf(result), keyOf(head, result));
      await transaction.done;
    });
  }

  /** Keeps one finished run; on the disk when this resolves. */
  async add(head: StudyHead, result: StudyResult): Promise<void> {
    await this.#database.do("The run's result is not kept", async (database) => {
      const transaction = database.transaction("results", "readwrite", { durability: "strict" });
      await transaction.store.put(lineOf(result), keyOf(head, result));
      await transaction.done;
    });
  }

  /** Forgets a study with its results. */
  async remove(id: string): Promise<void> {
    await this.#database.do("The study was not deleted", async (database) => {
      const transaction = database.transaction(["studies", "results"], "readwrite");
      await transaction.objectStore("studies").delete(id);
      await transaction.objectStore("results").delete(resultsOf(id));
      await transaction.done;
    });
  }

  /** Closes the database; the next call opens it again. */
  close(): Promise<void> {
    return this.#database.close();
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
