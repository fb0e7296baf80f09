// Every shader of the project, whether or not another test runs it: it compiles without a message, and its bindings keep the
// convention the dispatcher relies on (group 0, numbered without gaps, at most 8 storage buffers). Kernels that `kernels.ts` files export are compared with what their shader declares; WebGPU itself compares all others when
// a test first runs them, because the dispatcher's layouts are explicit.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ResourceType, WgslReflect } from "wgsl_reflect";
import { attentionKernel } from "@/ops/attention/kernels";
import { splitKernels } from "@/ops/attention/splitKeys";
import { startupKernels } from "@/ops/decoder/block";
import { embedRowsKernel } from "@/ops/decoder/rows";
import { lookUpKernel } from "@/ops/embedding/embedding";
import * as linearKernels from "@/ops/linear/kernels";
import { createGpu, type Gpu } from "./device";
import type { Kernel } from "./dispatcher";

const files = import.meta.glob<string>("../**/*.wgsl", { query: "?raw", import: "default", eager: true });
const modules = import.meta.glob<Record<string, unknown>>("../ops/*/kernels.ts", { eager: true });

function isKernel(value: unknown): value is Kernel {
  return typeof value === "object" && value !== null && "entryPoint" in value && "bindings" in value && "code" in value;
}

/** Kernels that functions make, whose shaders are put together from several files. */
const made: readonly Kernel[] = [
  ...startupKernels({ text: "int4", vision: "f16", head: "int8" }, 16),
  embedRowsKernel("int8"),
  attentionKernel({ pairs: 1, width: 64 }).kernel,
  ...splitKernels(64),
  lookUpKernel("f16"),
  linearKernels.plainKernel({ format: "int4", rows: 16, columns: 1, width: 32, rank: 8 }).kernel,
  linearKernels.transposedKernel("int8", 16),
  linearKernels.weightGradientKernel(16),
  ...(["int8", "f16"] as const).map(
    (arithmetic) => linearKernels.plainKernel({ format: "int8", rows: 1, columns: 1, arithmetic }).kernel,
  ),
];

/** Files that compile on their own; the others are parts of what kernels put together. */
const isWhole = (code: string) => !made.some((kernel) => kernel.code !== code && kernel.code.includes(code));
/** Whole shaders by name: files, and what kernels put together. */
const sources: Readonly<Record<string, string>> = {
  ...Object.fromEntries(Object.entries(files).filter(([, code]) => isWhole(code))),
  ...Object.fromEntries(made.map(({ name, code }) => [name, code])),
};

/** The shader without comments and function bodies: wgsl_reflect 1.6 does not parse all statements that WGSL has. */
function declarations(code: string): string {
  let text = "";
  let depth = 0;
  let isBody = false;
  for (const part of code.replace(/\/\/.*$/gm, "").split(/([{}])/)) {
    if (part === "}") depth--;
    if (!isBody || depth === 0) text += part;
    if (part === "}" && depth === 0) isBody = false;
    if (part === "{" && depth++ === 0) isBody = /\bfn\s[^;{}]*$/.test(text.slice(0, -1));
  }
  return text;
}

/** What a module declares, per binding number: "read", "write" or "uniform" (entry points may share a number), and its constants. */
function reflect(code: string) {
  const { storage, uniforms, overrides, entry } = new WgslReflect(declarations(code));
  const bindings: string[][] = [];
  for (const { group, binding, access, resourceType, name } of [...storage, ...uniforms]) {
    if (group !== 0) throw new Error(`${name} is in group ${group}`);
    const use = resourceType === ResourceType.Uniform ? "uniform" : access === "read_write" ? "write" : "read";
    bindings[binding] = [...(bindings[binding] ?? []), use];
  }
  return { bindings, constants: overrides.map(({ name }) => name), entryPoints: entry.compute.map(({ name }) => name) };
}

describe("the shaders", () => {
  let gpu: Gpu;
  beforeAll(async () => {
    gpu = await createGpu();
  });
  afterAll(() => gpu.device.destroy());

  it("are found", () => {
    expect(Object.keys(sources).length).toBeGreaterThan(10);
  });

  it.for(Object.keys(files).filter((path) => !isWhole(files[path] as string)))("%s is part of a whole one", (path) => {
    expect(Object.values(sources).some((code) => code.includes(files[path] as string))).toBe(true);
  });

  it.for(Object.keys(sources))("%s compiles without a message", async (path, { skip }) => {
    const isHalf = sources[path]?.startsWith("enable f16;") === true;
    skip(isHalf && !gpu.device.features.has("shader-f16"), "the adapter has no shader-f16");
    gpu.device.pushErrorScope("validation");
    const module = gpu.device.createShaderModule({ label: path, code: sources[path] as string });
    const { messages } = await module.getCompilationInfo();
    const error = await gpu.device.popErrorScope();
    expect(messages.map(({ type, lineNum, message }) => `${type} at ${path}:${lineNum}: ${message}`)).toEqual([]);
    expect(error?.message).toBeUndefined();
  });

  it.for(Object.keys(sources))("%s numbers its bindings as the dispatcher does", (path) => {
    const { bindings, entryPoints } = reflect(sources[path] as string);
    expect(entryPoints).not.toEqual([]);
    expect(bindings.length).toBeGreaterThan(1);
    Array.from(bindings).forEach((uses, binding) => {
      expect(uses, `binding ${binding} is missing`).toBeDefined();
      if (uses.some((use) => use !== "uniform")) expect(binding, "WebGPU guarantees 8 storage buffers").toBeLessThan(8);
    });
  });
});

describe("exported kernels", () => {
  const kernels = [...made, ...Object.values(modules).flatMap((module) => Object.values(module).filter(isKernel))];

  it.for(kernels.map((kernel) => [kernel.name, kernel] as const))("%s declares what its shader declares", ([, kernel]) => {
    const { bindings, constants, entryPoints } = reflect(kernel.code);
    expect(entryPoints).toContain(kernel.entryPoint);
    const wanted = [...kernel.bindings, ...(kernel.uniform ? ["uniform"] : [])];
    wanted.forEach((use, binding) => {
      expect(bindings[binding], `binding ${binding}`).toContain(use);
    });
    for (const constant of Object.keys(kernel.constants ?? {})) expect(constants).toContain(constant);
  });
});
