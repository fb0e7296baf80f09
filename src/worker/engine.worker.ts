// The engine's worker: owns the device and all tensors; the page talks to it through comlink.

import { expose } from "comlink";
import { EngineService } from "@/engine/service";
import { openOpfs } from "@/fetching/cacheFiles";
import { runSender } from "@/runs/runChannel";
import { RunStore } from "@/runs/runStore";
import { startDevice } from "./backend";
import { tuningStore } from "./tuningStore";
import { watchedFetch } from "./watchedFetch";

const tellRuns = runSender();

expose(
  new EngineService({
    startDevice,
    fetch: watchedFetch(self, (...request) => fetch(...request)),
    openCache: () => openOpfs(navigator.storage),
    estimateStorage: async () => navigator.storage?.estimate() ?? {},
    now: Date.now,
    tuning: tuningStore,
    journal: new RunStore({
      now: Date.now,
      newId: () => crypto.randomUUID(),
      estimate: async () => navigator.storage?.estimate() ?? {},
      onFull: (neededBytes) => tellRuns({ type: "full", neededBytes }),
    }),
  }),
);
