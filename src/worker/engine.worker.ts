// The engine's worker: owns the device and all tensors; the page talks to it through comlink.

import { expose } from "comlink";
import { EngineService } from "@/engine/service";
import { openOpfs } from "@/fetching/cacheFiles";
import { startDevice } from "./backend";

expose(
  new EngineService({
    startDevice,
    fetch: (...request) => fetch(...request),
    openCache: () => openOpfs(navigator.storage),
    estimateStorage: async () => navigator.storage?.estimate() ?? {},
    now: Date.now,
  }),
);
