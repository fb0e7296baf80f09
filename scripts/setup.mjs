// What `npm start` and `npm test` do before they start: check Node, install packages, build the page. Each step is skipped when
// its result is already there. Plain Node, because it runs before anything is installed.

import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Folder of the repository. */
export const root = fileURLToPath(new URL("..", import.meta.url));
const isWindows = process.platform === "win32";
const oldestNode = [20, 19];

/** Ends the process with one sentence when Node is too old. */
export function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major > oldestNode[0] || (major === oldestNode[0] && minor >= oldestNode[1])) return;
  fail(
    `This needs Node ${oldestNode.join(".")} or newer, but it runs on ${process.versions.node}. Install it from https://nodejs.org.`,
  );
}

/** Prints one sentence and ends the process with status 1. */
export function fail(sentence) {
  console.error(sentence);
  process.exit(1);
}

/** Runs a command in the repository with its output shown; resolves to its exit status (1 when it cannot run or takes too long). */
export function runCommand(command, parameters, { env = {}, timeoutMs = 0 } = {}) {
  return new Promise((resolve) => {
    // A group of its own, so that a timeout ends the browsers a command has started as well.
    const child = spawn(command, parameters, {
      cwd: root,
      stdio: "inherit",
      env: { ...process.env, ...env },
      detached: !isWindows,
    });
    const end = (signal) => {
      try {
        if (isWindows) child.kill(signal);
        else process.kill(-child.pid, signal);
      } catch {
        // Already gone.
      }
    };
    const timer =
      timeoutMs &&
      setTimeout(() => {
        console.error(`${command} ${parameters.join(" ")} took longer than ${timeoutMs / 60000} minutes and was stopped.`);
        end("SIGKILL");
      }, timeoutMs);
    const stop = () => {
      end("SIGTERM");
      process.exit(130);
    };
    process.once("SIGINT", stop).once("SIGTERM", stop);
    const done = (status) => {
      clearTimeout(timer);
      process.off("SIGINT", stop).off("SIGTERM", stop);
      resolve(status);
    };
    child.on("error", (error) => {
      console.error(`${command} could not be started: ${error.message}`);
      done(1);
    });
    child.on("close", (status) => done(status ?? 1));
  });
}

/** Runs a tool of node_modules by the script its package names, so that no shell or shim is needed. */
export function runTool(packageName, parameters, options) {
  const folder = join(root, "node_modules", packageName);
  const { bin } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const script = typeof bin === "string" ? bin : (bin[packageName.split("/").at(-1)] ?? Object.values(bin)[0]);
  return runCommand(process.execPath, [join(folder, script), ...parameters], options);
}

function runNpm(parameters) {
  // Under `npm start` npm says where it is; that also avoids npm.cmd, which cannot be started without a shell.
  const npm = process.env.npm_execpath;
  return npm?.endsWith(".js") ? runCommand(process.execPath, [npm, ...parameters]) : runCommand("npm", parameters);
}

/** Installs the locked packages unless node_modules already has them. */
export async function installPackages() {
  if (packagesMatchLock()) return;
  console.log("Installing packages (once; a few minutes on a slow connection) …");
  const options = ["--include=dev", "--no-audit", "--no-fund", "--loglevel=error"];
  if ((await runNpm(["ci", ...options])) === 0) return;
  console.log("The lock file does not fit this machine; installing what it names and what it lacks …");
  if ((await runNpm(["install", "--no-save", ...options])) !== 0)
    fail("The packages could not be installed: npm's message is above. Check the network connection and run the command again.");
}

/** Whether node_modules holds every locked version; npm records what it installed in node_modules/.package-lock.json. */
function packagesMatchLock() {
  try {
    const packagesOf = (path) => JSON.parse(readFileSync(join(root, path), "utf8")).packages;
    const installed = packagesOf("node_modules/.package-lock.json");
    return Object.entries(packagesOf("package-lock.json")).every(
      ([path, { version, optional }]) => path === "" || optional || installed[path]?.version === version,
    );
  } catch {
    return false;
  }
}

/** Builds dist/ unless it is newer than everything it is made of. */
export async function buildPage() {
  const built = join(root, "dist/index.html");
  const sources = [
    "src",
    "public",
    "index.html",
    "package-lock.json",
    "tsconfig.json",
    "vite.config.ts",
    "scripts/contentPolicy.mjs",
  ];
  if (existsSync(built) && sources.every((path) => newestTime(join(root, path)) < statSync(built).mtimeMs)) return;
  console.log("Building the page …");
  if ((await runTool("vite", ["build", "--logLevel", "error"])) !== 0) fail("The page could not be built: the message is above.");
}

/** Latest change below a path; folders count too, because deleting a file changes only its folder. */
function newestTime(path) {
  const stats = statSync(path);
  if (!stats.isDirectory()) return stats.mtimeMs;
  return Math.max(stats.mtimeMs, ...readdirSync(path).map((name) => newestTime(join(path, name))));
}
