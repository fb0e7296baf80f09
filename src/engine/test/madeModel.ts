// A model of any size made of nothing, on the current backend: the tiny checkpoint's configuration with other dimensions, and weights
// from a seed that pass through the real loader. For tests that measure memory, where numbers do not matter. Test code only.

import { httpFolder } from "@/fetching/httpFolder";
import type { StoredTensor, TensorSource } from "@/formats/tensorSource";
import { createRng } from "@/lib/rng";
import type { Precision } from "@/models/weights";
import { checkpointFiles, openCheckpoint } from "../loading/checkpoint";
import { listWeights, storedShape } from "../loading/listing";
import { loadSession } from "../loading/openSession";
import type { PlannedModel } from "../memoryPlan";
import type { Session } from "../session";

/** The folder's configuration with `change` made to it, as a session with seeded weights, and what a memory plan needs to know. */
export async function madeModel(
  folderUrl: string,
  change: (config: Record<string, Record<string, unknown>>) => void,
  precision: Precision,
): Promise<{ session: Session; planned: PlannedModel }> {
  const files = checkpointFiles(httpFolder(folderUrl));
  const checkpoint = await openCheckpoint({
    ...files,
    async smallFile(name) {
      const text = await files.smallFile(name);
      if (name !== "config.json" || text === undefined) return text;
      const config = JSON.parse(text) as Record<string, Record<string, unknown>>;
      change(config);
      return JSON.stringify(config);
    },
  });
  const { family, config } = checkpoint;
  const requests = listWeights(family, config);
  const tensors = new Map<string, StoredTensor>();
  let offset = 0;
  for (const request of requests) {
    const shape = storedShape(request);
    const bytes = shape.reduce((a, b) => a * b, 4);
    tensors.set(request.name, { name: request.name, shape, dtype: "F32", file: 0, offset, bytes });
    offset += bytes;
  }
  const source: TensorSource = {
    tensors,
    async rows(name, _first, count) {
      const shape = tensors.get(name)?.shape ?? [];
      const rng = createRng(name.length);
      const values = new Float32Array(count * shape.slice(1).reduce((a, b) => a * b, 1));
      // Norms of one keep the numbers finite through any number of layers.
      return shape.length === 1 ? values.fill(1) : values.map(() => (rng.next() - 0.5) * 0.1);
    },
  };
  const session = await loadSession({ ...checkpoint, openWeights: async () => source }, "made", { precision });
  return { session, planned: { config, requests } };
}
