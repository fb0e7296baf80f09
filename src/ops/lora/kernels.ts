// The compute kernels of ops/lora; their shaders say what each binding is.

import type { Kernel } from "@/gpu/dispatcher";
import code from "./lora.wgsl?raw";
import gradientsCode from "./loraGradients.wgsl?raw";

const fourReads = ["read", "read", "read", "read"] as const;

export const projectKernel: Kernel = {
  name: "lora.project",
  code,
  entryPoint: "project",
  bindings: [...fourReads, "write"],
  uniform: true,
};

export const cotangentKernel: Kernel = {
  name: "lora.cotangent",
  code,
  entryPoint: "cotangent",
  bindings: [...fourReads, "read", "read", "write"],
  uniform: true,
};

export const inputGradientKernel: Kernel = { ...cotangentKernel, name: "lora.inputGradient", entryPoint: "inputGradient" };

export const swigluGradientKernel: Kernel = {
  name: "lora.swigluGradient",
  code,
  entryPoint: "swigluGradient",
  bindings: ["read", "read", "read", "write", "write"],
  uniform: true,
};

/** Adds to the results of 1, 2 or 3 projections. */
export function addKernel(count: number): Kernel {
  const writes = Array.from({ length: count }, () => "write" as const);
  return { name: `lora.add${count}`, code, entryPoint: `add${count}`, bindings: [...fourReads, ...writes], uniform: true };
}

/** 2, 3 or 4 gradients of adapter matrices. */
export function gradientsKernel(jobs: number): Kernel {
  const writes = Array.from({ length: jobs }, () => "write" as const);
  const entryPoint = `gradients${jobs}`;
  return { name: `lora.${entryPoint}`, code: gradientsCode, entryPoint, bindings: [...fourReads, ...writes], uniform: true };
}
