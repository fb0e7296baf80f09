// The vision tower of Qwen2.5-VL (windows) and Qwen3-VL (position table, DeepStack) over nn layers. A still picture's two
// temporal planes are equal, so the patch kernel is folded when loading (takeTower.ts) and one plane is uploaded. For training it
// is a chain of stages; DeepStack's levels, which leave the tower half-way, travel to its end beside the rows. Equations:
// transformers modeling_qwen2_5_vl, modeling_qwen3_vl.

import {
  add,
  concat,
  dispose,
  keep,
  mul,
  reshape,
  slice,
  type Tensor,
  type Tensor2D,
  tensor,
  tensor1d,
  tidy,
} from "@tensorflow/tfjs-core";
import type { AttentionMeta } from "@/nn/attention";
import { applyLinear, type LinearLayer, linearParameters } from "@/nn/linear";
import { applyPatchMerger, mergerParameters, type PatchMerger } from "@/nn/patchMerger";
import { invertPermutation } from "@/nn/permutation";
import { applyQwenVisionLayer, type QwenVisionLayer, qwenVisionParameters, qwenVisionProjections } from "@/nn/qwenVisionLayer";
import { segmentMeta } from "@/nn/segments";
import { embedding } from "@/ops/embedding/embedding";
import { gatherRows } from "@/ops/embedding/gatherRows";
import { f32Matrix } from "@/ops/matrix";
import { type Rope, ropeFrequencies, ropeTable } from "@/ops/rope/rope";
import type { ProcessedImage, Stage, VisionBatch, VisionTower } from "../family";
import { tableCorners, towerLayout } from "./towerLayout";

/** What the tower's batches depend on besides the weights. */
export interface QwenTowerOptions {
  readonly patchSize: number;
  /** Planes per patch in pixelValues, of which the first is taken. */
  readonly temporalPatchSize: number;
  /** Patches per side of an image token. */
  readonly mergeSize: number;
  readonly ropeTheta: number;
  /** Qwen2.5: side of a window in image tokens, and the blocks that see the whole picture nevertheless. */
  readonly windows?: { readonly side: number; readonly fullAttentionBlocks: readonly number[] };
}

/** Every weight of the tower, on the current backend. */
export interface QwenTowerWeights {
  readonly patchEmbedding: LinearLayer;
  /** Qwen3: [side², D]. */
  readonly positionTable?: Tensor2D;
  readonly blocks: readonly QwenVisionLayer[];
  readonly merger: PatchMerger;
  /** Qwen3: level j taken after a block. */
  readonly deepstack: readonly { readonly block: number; readonly merger: PatchMerger }[];
}

/** Patch rows of a batch, uploaded. */
interface PatchPass {
  readonly patches: Tensor; // [M, 3·p²]
  readonly positions: Tensor; // int32 [M, 2]
  readonly rope: Rope;
  readonly pictures: AttentionMeta;
  readonly windows: AttentionMeta;
  /** Rows of each picture and window. */
  readonly lengths: { readonly pictures: readonly number[]; readonly windows: readonly number[] };
  /** Qwen3: per corner the row of the position table [M] and its weight [M, 1]. */
  readonly corners: readonly { readonly rows: Tensor; readonly weights: Tensor }[];
  /** Qwen2.5: from the order of the pictures to the order of computation, int32 [F], and back. */
  readonly unwindow?: { readonly index: Tensor; readonly inverse: Tensor };
}

/** The tower over its weights. */
export class QwenTower implements VisionTower {
  constructor(
    private readonly options: QwenTowerOptions,
    private readonly weights: QwenTowerWeights,
  ) {}

  /** All of the tower but the patch kernel, which is a convolution to PEFT. */
  get projections(): readonly LinearLayer[] {
    return [...this.weights.blocks.flatMap(qwenVisionProjections), ...this.projector];
  }

  /** The patch mergers: of the features, and of DeepStack's levels. */
  get projector(): readonly LinearLayer[] {
    const { merger, deepstack } = this.weights;
    return [merger, ...deepstack.map((level) => level.merger)].flatMap(({ fc1, fc2 }) => [fc1, fc2]);
  }

  batch(images: readonly ProcessedImage[]): VisionBatch {
    const made: Tensor[] = [];
    const own = (t: Tensor) => {
      made.push(keep(t));
      return t;
    };
    const pass = this.#upload(images, own);
    const tower = this;
    let stages: readonly Stage[] | undefined;
    return {
      encode: () => this.#encode(pass),
      get chain() {
        stages ??= tower.#stages(pass, own);
        return { input: pass.patches, stages };
      },
      dispose: () => dispose(made),
    };
  }

  #upload(images: readonly ProcessedImage[], own: (t: Tensor) => Tensor): PatchPass {
    const { patchSize, temporalPatchSize, mergeSize, ropeTheta, windows } = this.options;
    const layout = towerLayout(images, mergeSize, windows?.side);
    const { count, tokenOrder } = layout;
    const plane = patchSize ** 2;
    const patches = firstPlanes(images, tokenOrder, mergeSize ** 2, plane, temporalPatchSize);
    const headDim = (this.weights.blocks[0] as QwenVisionLayer).heads.dim;
    // The first half of the frequencies turns by the patch's row, the second, equal half by its column.
    const frequencies = ropeFrequencies(ropeTheta, headDim / 2);
    const table = ropeTable(Float64Array.of(...frequencies, ...frequencies), layout.largestSide);
    const axes = Int32Array.from({ length: headDim / 2 }, (_, j) => (j < headDim / 4 ? 0 : 1));
    const segments = (lengths: readonly number[]): AttentionMeta => ({
      rows: own(tensor(segmentMeta(lengths).rows, [count, 4], "int32")),
    });
    const pictures = segments(layout.pictures);
    const side = Math.sqrt(this.weights.positionTable?.shape[0] ?? 0);
    const corners = side > 0 ? tableCorners(layout, images, side) : { rows: [], weights: [] };
    return {
      patches: own(tensor(patches, [count, 3 * plane])),
      positions: own(tensor(layout.positions, [count, 2], "int32")),
      rope: { table: own(tensor(table, [layout.largestSide, headDim])), axes: own(tensor1d(axes, "int32")) },
      pictures,
      windows: windows ? segments(layout.windows) : pictures,
      lengths: { pictures: layout.pictures, windows: windows ? layout.windows : layout.pictures },
      corners: corners.rows.map((rows, corner) => ({
        rows: own(tensor1d(rows, "int32")),
        weights: own(tensor(corners.weights[corner] as Float32Array, [count, 1])),
      })),
      ...(windows && {
        unwindow: {
          index: own(tensor1d(invertPermutation(tokenOrder), "int32")),
          inverse: own(tensor1d(tokenOrder, "int32")),
        },
      }),
    };
  }

  #encode(pass: PatchPass): Tensor {
    const { blocks, merger, deepstack } = this.weights;
    return tidy(() => {
      let x = this.#embed(pass);
      const levels: Tensor[] = [];
      blocks.forEach((block, index) => {
        const meta = this.#seesAll(index) ? pass.pictures : pass.windows;
        const next = applyQwenVisionLayer(block, x, { meta, positions: pass.positions, rope: pass.rope });
        x.dispose();
        x = next;
        deepstack.forEach((level, j) => {
          if (level.block === index) levels[j] = applyPatchMerger(level.merger, x);
        });
      });
      const features = applyPatchMerger(merger, x);
      const ordered = pass.unwindow ? gatherRows(features, pass.unwindow.index, pass.unwindow.inverse) : features;
      return levels.length > 0 ? concat([ordered, ...levels] as Tensor2D[], 1) : ordered;
    });
  }

  /** Whether block `index` attends over whole pictures. */
  #seesAll(index: number): boolean {
    return this.options.windows?.fullAttentionBlocks.includes(index) ?? true;
  }

  /** `#encode` link by link; between links the rows [M, D], or from the first level on [F, group · D + levels] (`packed`). */
  #stages(pass: PatchPass, own: (t: Tensor) => Tensor): readonly Stage[] {
    const { blocks, merger, deepstack, patchEmbedding, positionTable } = this.weights;
    const width = merger.group * patchEmbedding.weight.rows;
    const tracked = (meta: AttentionMeta, lengths: readonly number[]): AttentionMeta => {
      const { keys } = segmentMeta(lengths);
      return { ...meta, keys: own(tensor(keys, [keys.length / 2, 2], "int32")) };
    };
    const pictures = tracked(pass.pictures, pass.lengths.pictures);
    const windows = tracked(pass.windows, pass.lengths.windows);
    const embed: Stage = {
      parameters: [...linearParameters(patchEmbedding), ...(positionTable ? [positionTable] : [])],
      projections: [],
      run: () => this.#embed(pass),
    };
    const links = blocks.map((block, index): Stage => {
      const taken = deepstack.filter((level) => level.block === index).map((level) => level.merger);
      const carries = deepstack.some((level) => level.block < index);
      const meta = this.#seesAll(index) ? pictures : windows;
      return {
        parameters: [...qwenVisionParameters(block), ...taken.flatMap(mergerParameters)],
        projections: [...qwenVisionProjections(block), ...taken.flatMap(({ fc1, fc2 }) => [fc1, fc2])],
        run: (state) => {
          const { x, levels } = unpacked(state, width, merger.group, carries);
          const y = applyQwenVisionLayer(block, x, { meta, positions: pass.positions, rope: pass.rope });
          return packed(y, width, [...levels, ...taken.map((level) => applyPatchMerger(level, y))]);
        },
      };
    });
    const last: Stage = {
      parameters: mergerParameters(merger),
      projections: [merger.fc1, merger.fc2],
      run: (state) => {
        const { x, levels } = unpacked(state, width, merger.group, deepstack.length > 0);
        const features = applyPatchMerger(merger, x);
        const ordered = pass.unwindow ? gatherRows(features, pass.unwindow.index, pass.unwindow.inverse) : features;
        return levels.length > 0 ? concat([ordered, ...levels] as Tensor2D[], 1) : ordered;
      },
    };
    return [embed, ...links, last];
  }

  /** Patches → [M, D], with interpolated positions where there is a table. */
  #embed({ patches, corners }: PatchPass): Tensor {
    const { patchEmbedding, positionTable } = this.weights;
    return tidy(() => {
      const parts = positionTable
        ? corners.map(({ rows, weights }) => mul(embedding(rows, f32Matrix(positionTable)), weights))
        : [];
      const [first, ...others] = parts;
      return applyLinear(patchEmbedding, patches, first && others.reduce((sum, part) => add(sum, part), first));
    });
  }
}

/** Rows [M, D] and levels [F, …] as one tensor: the rows of an image token side by side, then its levels. */
function packed(x: Tensor, width: number, levels: readonly Tensor[]): Tensor {
  return levels.length > 0 ? concat([reshape(x, [-1, width]), ...levels] as Tensor2D[], 1) : x;
}

/** What `packed` put together; all levels are one tensor. */
function unpacked(state: Tensor, width: number, group: number, carries: boolean): { x: Tensor; levels: readonly Tensor[] } {
  if (!carries) return { x: state, levels: [] };
  const rows = slice(state as Tensor2D, [0, 0], [-1, width]);
  return { x: reshape(rows, [-1, width / group]), levels: [slice(state as Tensor2D, [0, width], [-1, -1])] };
}

/**
 * Rows (channel, temporal, y, x) of all pictures → rows (channel, y, x) of the first temporal plane, with the groups of
 * `group` rows that form an image token in `tokenOrder`.
 */
function firstPlanes(
  images: readonly ProcessedImage[],
  tokenOrder: Int32Array,
  group: number,
  plane: number,
  temporal: number,
): Float32Array<ArrayBuffer> {
  const place = invertPermutation(tokenOrder);
  const rows = new Float32Array(tokenOrder.length * group * 3 * plane);
  let patch = 0;
  for (const { pixelValues, patchCount } of images) {
    for (let local = 0; local < patchCount; local++, patch++) {
      const to = (place[Math.floor(patch / group)] as number) * group + (patch % group);
      for (let channel = 0; channel < 3; channel++) {
        const from = (local * 3 + channel) * temporal * plane;
        rows.set(pixelValues.subarray(from, from + plane), (to * 3 + channel) * plane);
      }
    }
  }
  return rows;
}
