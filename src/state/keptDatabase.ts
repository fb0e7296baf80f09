// A small database of the page: opens on first use, makes way for a newer page in another tab, and turns every failure into one
// sentence. What is stored and which schema it passes belongs to its owner; runs have a database of their own (`runs/runStore.ts`).

import { type DBSchema, type IDBPDatabase, openDB, type StoreNames } from "idb";
import { UserError } from "@/lib/errors";

/** Something cannot be kept in this browser, or was not. */
export class KeptDatabaseError extends UserError {
  override readonly name = "KeptDatabaseError";
}

/** One database with the given tables, each with keys of its own choosing. */
export class KeptDatabase<Tables extends DBSchema> {
  #database: Promise<IDBPDatabase<Tables>> | undefined;

  constructor(
    private readonly name: string,
    private readonly tables: readonly StoreNames<Tables>[],
  ) {}

  /** Work on the open database; rejects with KeptDatabaseError, which begins with `what` was not done. */
  async do<T>(what: string, work: (database: IDBPDatabase<Tables>) => Promise<T>): Promise<T> {
    try {
      this.#database ??= this.#open();
      return await work(await this.#database);
    } catch (cause) {
      this.#database = undefined;
      const reason = cause instanceof Error ? cause.message : String(cause);
      const isFull = cause instanceof Error && cause.name === "QuotaExceededError";
      const why = isFull
        ? "the browser's storage is full"
        : `the browser's database does not work (${reason.replace(/\.$/, "")})`;
      const todo = isFull ? "Delete runs or cached models, or save results as files" : "Save results as files";
      throw new KeptDatabaseError(what, why, todo, { cause });
    }
  }

  /** Closes the database; the next work opens it again. */
  async close(): Promise<void> {
    const database = await this.#database;
    this.#database = undefined;
    database?.close();
  }

  #open(): Promise<IDBPDatabase<Tables>> {
    const { tables } = this;
    const forget = () => {
      this.#database = undefined;
    };
    return openDB<Tables>(this.name, 1, {
      upgrade(database) {
        for (const table of tables) database.createObjectStore(table);
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
