// What the System tab has read from the engine: the last report, the adapter's ceilings (kept for the session, with the adapter they
// belong to), and whether kernels are being measured. Asking the engine is here; tables and bars are the cards'.

import { create } from "zustand";
import { engineClient } from "@/client/engineClient";
import type { RoofReport, SystemReport } from "@/protocol/system";
import { useStore } from "@/state/store";

interface SystemState {
  /** Null until it is read. */
  readonly report: SystemReport | null;
  readonly roofs: (RoofReport & { readonly adapter: string }) | null;
  readonly isMeasuring: boolean;
  readonly timesKernels: boolean;
}

/** The tab's state. */
export const useSystem = create<SystemState>()(() => ({
  report: null,
  roofs: null,
  isMeasuring: false,
  timesKernels: false,
}));

/** Reads the report; without a loaded model there is none, and no engine is started for it. */
export async function readSystem(): Promise<void> {
  if (useStore.getState().model.status !== "ready") {
    useSystem.setState({ report: null });
    return;
  }
  useSystem.setState({ report: await engineClient.system() });
}

/** Measures the adapter's ceilings once no job runs. */
export async function measureAdapter(): Promise<void> {
  const adapter = useStore.getState().device?.adapter ?? "";
  useSystem.setState({ isMeasuring: true });
  try {
    const roofs = await engineClient.measureAdapter();
    useSystem.setState({ roofs: roofs && { ...roofs, adapter } });
  } catch (error) {
    useStore.getState().fail(error);
  } finally {
    useSystem.setState({ isMeasuring: false });
  }
}

/** Kernels are timed from the next job on. */
export async function timeKernels(on: boolean): Promise<void> {
  if (useSystem.getState().timesKernels === on) return;
  useSystem.setState({ timesKernels: on });
  try {
    await engineClient.measureKernels(on);
  } catch (error) {
    useStore.getState().fail(error);
  }
}
