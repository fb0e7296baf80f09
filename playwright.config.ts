// End-to-end tests: the built page in a real browser with WebGPU, served as `npm start` serves it. Two workers, because a spec waits
// more than it computes, and long limits, because the GPU may be SwiftShader on two slow cores. Run them with `npm test` or
// `npm run test:e2e`.

import { defineConfig } from "@playwright/test";
import { browserLaunch } from "./scripts/chromium.mjs";

// A page that is already served on a chosen port is tested as it is.
const isServed = process.env.VPPO_E2E_PORT !== undefined;
// Chosen once and handed down: each worker process reads this file again.
process.env.VPPO_E2E_PORT ??= String(20000 + (process.pid % 20000));
const address = `http://localhost:${process.env.VPPO_E2E_PORT}/`;

export default defineConfig({
  testDir: "e2e",
  workers: 2,
  fullyParallel: false,
  retries: 0,
  timeout: 240_000,
  expect: { timeout: 60_000 },
  reporter: "list",
  use: {
    baseURL: address,
    viewport: { width: 1440, height: 900 },
    launchOptions: browserLaunch(),
    actionTimeout: 30_000,
    navigationTimeout: 60_000,
    screenshot: "only-on-failure",
  },
  projects: [{ name: "chromium" }],
  webServer: {
    command: `node scripts/start.mjs --port ${process.env.VPPO_E2E_PORT} --strict-port --allow "http://127.0.0.1:*"`,
    url: address,
    reuseExistingServer: isServed,
    timeout: 180_000,
    gracefulShutdown: { signal: "SIGTERM", timeout: 5_000 },
  },
});
