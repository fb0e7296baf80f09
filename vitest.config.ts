import { playwright } from "@vitest/browser-playwright";
import { defineConfig } from "vitest/config";
import packageJson from "./package.json" with { type: "json" };
import { browserLaunch } from "./scripts/chromium.mjs";
import { mathmlPlugin } from "./scripts/mathmlPlugin.ts";

// Three kinds of tests, named by what they need: `x.test.ts` runs in Node, `x.gpu.test.ts` on WebGPU in a browser,
// `X.view.test.tsx` on a real DOM in the same browser.
const alias = { "@": new URL("./src", import.meta.url).pathname };
const browser = {
  enabled: true,
  headless: true,
  screenshotFailures: false,
  provider: playwright({ launchOptions: browserLaunch() }),
  instances: [{ browser: "chromium" as const }],
};

// All that tests in a browser import is bundled before the first of them. A package that Vite met in the middle of a run would make it
// reload the page, after which the run can wait for ever.
const optimizeDeps = {
  include: [
    ...Object.keys(packageJson.dependencies),
    "@tensorflow/tfjs-core/dist/register_all_gradients",
    "fast-check",
    "react/jsx-dev-runtime",
    "react/jsx-runtime",
    "react-dom/client",
    "wgsl_reflect",
  ],
  noDiscovery: true,
};

export default defineConfig({
  resolve: { alias },
  test: {
    projects: [
      {
        resolve: { alias },
        test: {
          name: "node",
          include: ["src/**/*.test.ts", "scripts/**/*.test.ts", "bench/**/*.test.ts"],
          exclude: ["**/*.gpu.test.ts"],
          environment: "node",
          // Generous, because a busy machine is no reason to fail.
          testTimeout: 60_000,
        },
      },
      {
        resolve: { alias },
        optimizeDeps,
        test: {
          name: "gpu",
          include: ["src/**/*.gpu.test.ts", "bench/**/*.gpu.test.ts"],
          fileParallelism: false,
          testTimeout: 120_000,
          browser,
        },
      },
      {
        plugins: [mathmlPlugin()],
        resolve: { alias },
        optimizeDeps,
        test: { name: "view", include: ["src/**/*.view.test.tsx"], fileParallelism: false, testTimeout: 60_000, browser },
      },
    ],
  },
});
