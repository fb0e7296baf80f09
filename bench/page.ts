// The browser's side of `npm run bench`: makes the device as the page does and runs the benches on it.

// First the package itself: its gradients read flags that it defines.
import "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-core/dist/register_all_gradients";
import { urlFolder } from "@/fetching/folder";
import { createGpu } from "@/gpu/device";
import type { BenchReport } from "./report";
import { type BenchOptions, runBenches } from "./suite";

declare global {
  interface Window {
    runPageBenches(options: BenchOptions): Promise<BenchReport>;
  }
}

window.runPageBenches = async (options) => {
  const gpu = await createGpu();
  const folder = urlFolder(new URL("/models/shapes-vlm/", location.href).href, fetch.bind(globalThis));
  const browser = /Chrome\/[\d.]+/.exec(navigator.userAgent)?.[0] ?? navigator.userAgent;
  return runBenches(gpu, folder, options, browser, (line) => console.log(line));
};
