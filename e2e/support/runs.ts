// What the specs of stored runs share: training on WebAssembly, which is quick for the embedded model, and looking into the database.

import type { Page } from "@playwright/test";
import { browserLaunch } from "../../scripts/chromium.mjs";

const { args, ...launch } = browserLaunch();

/** The browser without WebGPU: no kernels to compile, and steps in a second. */
export const wasmLaunch = {
  ...launch,
  args: [...args.filter((flag) => !/webgpu/i.test(flag)), "--disable-features=WebGPU,WebGPUService"],
};

/** Steps of two prompts with two short answers each. */
export const runSettings = "v=1&g=2&len=16&pps=2&rpp=2&lr=0.01";

export const runsPanel = (page: Page) => page.getByRole("region", { name: "Runs", exact: true });
export const runRow = (page: Page, name: string) =>
  runsPanel(page)
    .getByRole("row")
    .filter({ has: page.getByLabel(`Name of ${name}`, { exact: true }) });

/** Trains to a step, from the Runs tab. */
export async function trainTo(page: Page, step: number): Promise<void> {
  await page.getByRole("tab", { name: "Runs" }).click();
  await page.getByLabel("Train to step").fill(String(step));
  await page.getByLabel("Train to step").press("Tab");
  await page.getByRole("button", { name: "Train", exact: true }).click();
}

/** A stored run as the database has it. */
export interface StoredRun {
  readonly name: string;
  readonly status: string;
  readonly lastStep: number;
  readonly steps: readonly number[];
  /** SHA-256 of the last state: adapter, moments, counters and settings. */
  readonly stateHash: string;
}

/** Every stored run, the newest first. */
export async function storedRuns(page: Page): Promise<readonly StoredRun[]> {
  return page.evaluate(async () => {
    const done = <T>(request: IDBRequest<T>) =>
      new Promise<T>((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      });
    const hex = (bytes: Uint8Array) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
    const database = await done(indexedDB.open("vppo-playground-runs"));
    const transaction = database.transaction(["runs", "steps", "states"]);
    const rows: { info: { id: string; name: string; status: string; lastStep: number; createdAt: number } }[] = await done(
      transaction.objectStore("runs").getAll(),
    );
    const found = [];
    for (const { info } of rows.sort((a, b) => b.info.createdAt - a.info.createdAt)) {
      const keys = (await done(transaction.objectStore("steps").getAllKeys(IDBKeyRange.bound([info.id], [info.id, []])))) as [
        string,
        number,
      ][];
      const last: { state: Uint8Array<ArrayBuffer> } | undefined = await done(
        transaction.objectStore("states").get([info.id, info.lastStep]),
      );
      found.push({
        name: info.name,
        status: info.status,
        lastStep: info.lastStep,
        steps: keys.map(([, step]) => step),
        state: last ? last.state.slice() : new Uint8Array(),
      });
    }
    database.close();
    // After the transaction, which ends while anything but the database is awaited.
    const digest = async (state: Uint8Array<ArrayBuffer>) => hex(new Uint8Array(await crypto.subtle.digest("SHA-256", state)));
    return Promise.all(found.map(async ({ state, ...run }) => ({ ...run, stateHash: await digest(state) })));
  });
}
