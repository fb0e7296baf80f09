// Adapters that compute on the CPU: right, but their times follow barriers and loops and say nothing about a GPU.

/** Whether an adapter of this name, as WebGPU tells it, is a CPU that stands in for a GPU. */
export const isSoftwareAdapter = (name: string): boolean => /swiftshader|llvmpipe|lavapipe|software|basic render/i.test(name);
