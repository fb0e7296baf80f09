// Where the browser is and how it is started: shared by the tests, the benches and `npm run verify`.
import { existsSync } from "node:fs";

const candidates = [
  process.env.CHROMIUM_PATH,
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome-stable",
  "/usr/bin/google-chrome",
  "/opt/google/chrome/chrome",
  "/snap/bin/chromium",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
];

/** Path of an installed Chromium-family browser, or undefined when Playwright's own has to be used. */
export function findChromium() {
  return candidates.find((path) => path && existsSync(path));
}

// No GPU is assumed: SwiftShader is a real WebGPU implementation on the CPU. VPPO_ADAPTER=hardware uses the machine's own.
const adapter =
  process.env.VPPO_ADAPTER === "hardware"
    ? ["--enable-features=Vulkan"]
    : [
        "--use-webgpu-adapter=swiftshader",
        // SwiftShader compiles kernels with zero-initialised workgroup memory for seconds; Dawn can clear it itself.
        "--disable-dawn-features=use_vulkan_zero_initialize_workgroup_memory_extension",
      ];

export const chromiumFlags = [
  "--no-sandbox",
  "--enable-unsafe-webgpu",
  ...adapter,
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--no-first-run",
  "--disable-quic",
];

/** Launch options for Playwright; without an installed browser its full Chromium, since its headless shell has no WebGPU. */
export function browserLaunch() {
  const executablePath = findChromium();
  return { ...(executablePath ? { executablePath } : { channel: "chromium" }), args: [...chromiumFlags] };
}
