// Gets what the peer bench needs that the repository does not have: transformers.js and onnxruntime-web from npm, onnx and
// onnxruntime from PyPI in a virtual environment, and models made with them. All of it lies in node_modules/.cache/peer, is made
// once and is never committed. What cannot be had is said in a sentence, and the bench goes on with this engine alone.

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { hasModelFolder, writeModelFolder } from "./modelFolder";
import { type PeerSizeName, peerSizes } from "./sizes";

const root = new URL("../../", import.meta.url).pathname;
/** Where everything lies. */
export const peerFolder = join(root, "node_modules/.cache/peer");

// Versions are part of the result. onnxruntime-web is the one that this transformers.js pins.
const npmPackages = ["@huggingface/transformers@4.3.1"];
const pythonPackages = ["onnx==1.23.1", "onnxruntime==1.30.0", "numpy"];

/** Runs a program; its output is shown only when it fails. */
function run(program: string, args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    const keep = (data: Buffer) => {
      output = (output + data.toString()).slice(-600);
    };
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    child.once("error", reject);
    child.once("close", (code) => {
      if (code === 0) resolve();
      else reject(new Error(`${program} ${args[0] ?? ""} ended with ${code}: ${output.trim()}`));
    });
  });
}

/** Installs transformers.js; a sentence when that is impossible. */
async function installPeer(say: (line: string) => void): Promise<string | undefined> {
  if (existsSync(join(peerFolder, "node_modules/@huggingface/transformers/package.json"))) return undefined;
  say("Fetching transformers.js (once) …");
  try {
    const quiet = ["--no-audit", "--no-fund", "--ignore-scripts", "--no-package-lock"];
    await run("npm", ["install", "--prefix", peerFolder, ...quiet, ...npmPackages]);
    return undefined;
  } catch (error) {
    return `transformers.js is not measured, because npm could not fetch it (${firstLine(error)}).`;
  }
}

/** Makes the Python environment that writes ONNX files. */
async function installPython(say: (line: string) => void): Promise<string> {
  const python = join(peerFolder, "venv/bin/python");
  const done = join(peerFolder, "venv/bin/onnxruntime_test");
  if (!existsSync(done)) {
    say("Making a Python environment with onnx and onnxruntime (once) …");
    await run("python3", ["-m", "venv", join(peerFolder, "venv")]);
    await run(python, ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", ...pythonPackages]);
  }
  return python;
}

/** What could be made ready. */
export interface PeerSetup {
  /** transformers.js and its ONNX files are there. */
  readonly hasPeer: boolean;
  /** Why not, for the report. */
  readonly missing: readonly string[];
}

/** Makes the models of these sizes, and the peer with its files where that is possible. */
export async function preparePeer(sizes: readonly PeerSizeName[], say: (line: string) => void): Promise<PeerSetup> {
  const folderOf = (name: PeerSizeName) => join(peerFolder, "models", name);
  for (const name of sizes.filter((size) => !hasModelFolder(folderOf(size), peerSizes[size]))) {
    say(`Writing the model ${name} (once) …`);
    await writeModelFolder(folderOf(name), peerSizes[name]);
  }
  const missing: string[] = [];
  const withoutPeer = await installPeer(say);
  if (withoutPeer) missing.push(withoutPeer);
  else {
    try {
      for (const name of sizes.filter((size) => !existsSync(join(folderOf(size), "reference.json")))) {
        const python = await installPython(say);
        say(`Writing the ONNX files of ${name} (once) …`);
        await run(python, [join(root, "bench/peer/buildModels.py"), folderOf(name)]);
      }
    } catch (error) {
      missing.push(`transformers.js is not measured, because Python could not write its ONNX files (${firstLine(error)}).`);
    }
  }
  return { hasPeer: missing.length === 0, missing };
}

function firstLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.split("\n")[0]?.slice(0, 160) ?? "";
}
