// The engine's worker: owns the device and all tensors; the page talks to it through comlink.

import { expose } from "comlink";
import { EngineService } from "@/engine/service";
import { startDevice } from "./backend";

expose(new EngineService({ startDevice, fetch: (...request) => fetch(...request) }));
