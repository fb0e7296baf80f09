// The browser's side of `npm run bench`: makes the device as the page does and runs the benches on it.

import { httpFolder } from "@/fetching/httpFolder";
import { createGpu } from "@/gpu/device";
import type { BenchReport } from "./report";
import { type BenchOptions, runBenches } from "./suite";
// Last, so that the stock variants have stock gradients where ops/stockGradients has its own for whole rows only.
import "@tensorflow/tfjs-core/dist/register_all_gradients";

declare global {
  interface Window {
    runPageBenches(options: BenchOptions): Promise<BenchReport>;
  }
}

window.runPageBenches = async (options) => {
  const gpu = await createGpu();
  const folder = httpFolder(new URL("/models/shapes-vlm/", location.href).href);
  const browser = /Chrome\/[\d.]+/.exec(navigator.userAgent)?.[0] ?? navigator.userAgent;
  return runBenches(gpu, folder, options, browser, (line) => console.log(line));
};
