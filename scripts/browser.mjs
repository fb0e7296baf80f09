// Makes sure that there is a browser for the tests: an installed Chrome or Chromium, else Debian's package when run as root,
// else Playwright's own download.

import { existsSync } from "node:fs";
import { findChromium } from "./chromium.mjs";
import { fail, runCommand, runTool } from "./setup.mjs";

/** Installs a browser when none is found; ends the process with one sentence when that fails. */
export async function installBrowser() {
  if (findChromium()) return;
  if (process.getuid?.() === 0 && existsSync("/usr/bin/apt-get") && (await installDebianPackage())) return;
  console.log("Installing Playwright's Chromium …");
  const withSystemLibraries = process.platform === "linux" && process.getuid?.() === 0 ? ["--with-deps"] : [];
  if ((await runTool("playwright", ["install", ...withSystemLibraries, "--no-shell", "chromium"])) !== 0)
    fail(
      "There is no browser to test in and none could be installed. Install Chrome or Chromium, or set CHROMIUM_PATH, and run again.",
    );
}

async function installDebianPackage() {
  console.log("Installing Chromium with apt-get …");
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  await runCommand("apt-get", ["update", "-qq"], { env });
  await runCommand("apt-get", ["install", "-y", "-qq", "chromium"], { env });
  return Boolean(findChromium());
}
