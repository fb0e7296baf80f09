// What changes from token to token while a batch decodes, as int32 tensors that kernels read and `advanceDecodeState` moves
// on in place, so a recorded pass can be replayed without the CPU. B rollouts have `copies` rows each (image, masked twin);
// row b + copy·B belongs to rollout b.

import { getBackend, type Tensor } from "@tensorflow/tfjs-core";
import { currentGpu, i32, type Kernel } from "@/gpu/dispatcher";
import { intsOf } from "../attention/hostValues";
import code from "./decodeState.wgsl?raw";
import { advanceArrays, type DecodeArrays } from "./reference";

/** All int32. */
export interface DecodeState {
  /** [B, 4]: seed, stream, counter, running (1 or 0); the state of `sample`. */
  readonly sampling: Tensor;
  /** [copies·B, 4]: the row metadata of `attention`; the last column, the key count, grows. */
  readonly rows: Tensor;
  /** [copies·B] position of the row's current token. */
  readonly positions: Tensor;
  /** [copies·B] cache row its key and value are written to. */
  readonly slots: Tensor;
  /** [copies·B] its id. */
  readonly tokenIds: Tensor;
  /** [steps, B]: sampled ids, −1 after the end. */
  readonly log: Tensor;
  /** [1]: columns of the log written so far. */
  readonly step: Tensor;
}

/** Most end tokens the kernel takes. */
export const endTokensLimit = 4;

const kernel: Kernel = {
  name: "decodeState",
  code,
  entryPoint: "main",
  bindings: ["read", "write", "write", "write", "write", "write", "write", "write"],
  uniform: true,
};

/** Logs sampled ids [B] and moves the state on, in place; the last log column and an end token finish a row. */
export function advanceDecodeState(state: DecodeState, ids: Tensor, endTokens: readonly number[]): void {
  const { sampling, rows, positions, slots, tokenIds, log, step } = state;
  const batch = ids.size;
  const copies = tokenIds.size / batch;
  const sizes = [sampling.size / 4, log.shape[1], rows.size / 4 / copies, positions.size / copies, slots.size / copies];
  if (!Number.isInteger(copies) || sizes.some((size) => size !== batch))
    throw new Error(`advanceDecodeState: the state does not fit ${batch} ids`);
  if (endTokens.length > endTokensLimit)
    throw new Error(`advanceDecodeState: ${endTokens.length} end tokens; at most ${endTokensLimit}`);
  if (getBackend() === "webgpu") {
    const [end0 = 0, end1 = 0, end2 = 0, end3 = 0] = endTokens;
    currentGpu().run({
      kernel,
      buffers: [ids, sampling, rows, positions, slots, tokenIds, log, step],
      params: [batch, copies, i32(log.shape[0] as number), endTokens.length, i32(end0), i32(end1), i32(end2), i32(end3)],
      workgroups: [1],
    });
    return;
  }
  const arrays: DecodeArrays = {
    sampling: intsOf(sampling),
    rows: intsOf(rows),
    positions: intsOf(positions),
    slots: intsOf(slots),
    tokenIds: intsOf(tokenIds),
    log: intsOf(log),
    step: intsOf(step),
  };
  advanceArrays(arrays, intsOf(ids), endTokens);
}
