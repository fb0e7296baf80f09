// Keeps which kernel variants were quickest on which adapter (`engine/tuning`), in this browser's IndexedDB.

import { openDB } from "idb";
import type { TuningStore } from "@/engine/tuning/tunedDevice";

const table = "variants";

const open = () => openDB("vppo-tuning", 1, { upgrade: (database) => void database.createObjectStore(table) });

/** The store; a browser that keeps nothing rejects, which its user takes as nothing kept. */
export const tuningStore: TuningStore = {
  async read(key) {
    const database = await open();
    try {
      return await database.get(table, key);
    } finally {
      database.close();
    }
  },
  async write(key, chosen) {
    const database = await open();
    try {
      await database.put(table, { ...chosen }, key);
    } finally {
      database.close();
    }
  },
};
