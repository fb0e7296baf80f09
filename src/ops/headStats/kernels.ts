// The compute kernels of ops/headStats on logits that are there, whole or as tiles of the vocabulary.

import type { Kernel } from "@/gpu/dispatcher";
import gradientCode from "./logitGradient.wgsl?raw";
import pairsCode from "./logitPairs.wgsl?raw";
import rowsCode from "./logitRows.wgsl?raw";
import topCode from "./topTokens.wgsl?raw";

/** Columns of a block, as in logitRows.wgsl; tiles hold whole ones. Two of them for 512 pairs of rows take 6 MB. */
export const blockColumns = 768;

export const rowBlocksKernel: Kernel = {
  name: "logitRows.blocks",
  code: rowsCode,
  entryPoint: "blocks",
  bindings: ["read", "read", "read", "write"],
  uniform: true,
};

export const rowMergeKernel: Kernel = {
  name: "logitRows.merge",
  code: rowsCode,
  entryPoint: "merge",
  bindings: ["read", "read", "write", "write"],
  uniform: true,
};

export const pairBlocksKernel: Kernel = {
  name: "logitPairs.blocks",
  code: pairsCode,
  entryPoint: "blocks",
  bindings: ["read", "read", "read", "read", "write"],
  uniform: true,
};

export const pairMergeKernel: Kernel = {
  name: "logitPairs.merge",
  code: pairsCode,
  entryPoint: "merge",
  bindings: ["read", "read", "read", "write", "write"],
  uniform: true,
};

export const topTokensKernel: Kernel = {
  name: "topTokens",
  code: topCode,
  entryPoint: "main",
  bindings: ["read", "read", "read", "write", "write", "write"],
  uniform: true,
};

export const logitGradientKernel: Kernel = {
  name: "logitGradient",
  code: gradientCode,
  entryPoint: "main",
  bindings: ["read", "read", "read", "read", "write"],
  uniform: true,
};
