// The engine's worker with two differences: named "floor" it asks for WebGPU's default limits only, the weakest device there is,
// and it tells the page the largest buffer that was ever bound. Loader, cache, kernels and service are the page's own.

import { expose } from "comlink";
import { EngineService } from "@/engine/service";
import { openOpfs } from "@/fetching/cacheFiles";
import { startDevice } from "@/worker/backend";

const isFloor = self.name === "floor";
const channel = new BroadcastChannel("bindings");
let largest = 0;

const createBindGroup = GPUDevice.prototype.createBindGroup;
GPUDevice.prototype.createBindGroup = function (descriptor) {
  for (const { resource } of descriptor.entries) {
    const buffer = resource instanceof GPUBuffer ? resource : "buffer" in resource ? resource.buffer : undefined;
    const bytes = "buffer" in resource && resource.size !== undefined ? resource.size : (buffer?.size ?? 0);
    if (bytes > largest) {
      largest = bytes;
      channel.postMessage(largest);
    }
  }
  return createBindGroup.call(this, descriptor);
};

expose(
  new EngineService({
    startDevice: (wanted) => startDevice(wanted, { floor: isFloor }),
    fetch: (...request) => fetch(...request),
    openCache: () => openOpfs(navigator.storage),
    estimateStorage: async () => navigator.storage?.estimate() ?? {},
    now: Date.now,
  }),
);
