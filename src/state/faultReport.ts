// What to send along with a report of a fault: versions, device, model, knobs that are not the defaults, and the last events. Text, to be
// read before it is sent; nothing is sent by itself.

import { version } from "../../package.json";
import { lastEvents, type PageEvent } from "./eventLog";
import { type AppState, useStore } from "./store";
import { encodeState } from "./url";

/** The report as text; `agent` is the browser's own name for itself. */
export function faultReport(state: AppState, events: readonly PageEvent[], agent: string): string {
  const { device, model, loss, settings, training } = state;
  const loaded = model.status === "ready" ? model.model : null;
  const lines = [
    `VPPO playground ${version}`,
    `Browser: ${agent}`,
    device
      ? `Device: ${device.backend}, ${device.adapter}${device.features.length > 0 ? `; features ${device.features.join(", ")}` : ""}`
      : "Device: none yet",
    ...(device?.fallback ? [`No GPU: ${device.fallback.reason}`] : []),
    loaded
      ? `Model: ${loaded.name} (${loaded.family}), ${loaded.parameters} parameters, text ${loaded.precision.text}, vision ${loaded.precision.vision}, head ${loaded.precision.head}`
      : `Model: ${model.status}${"name" in model ? `, ${model.name}` : ""}`,
    `Training: step ${training.step}, ${training.status}`,
    ...(loss ? [`Lost: ${loss}`] : []),
    `Settings that are not the defaults: ${encodeState({ settings, pinned: null, sample: null }) || "none"}`,
    `Last ${events.length} events (seconds since the page was opened):`,
    ...events.map(({ atMs, text }) => `${(atMs / 1000).toFixed(1).padStart(8)}  ${text}`),
  ];
  return `${lines.join("\n")}\n`;
}

/** Puts the report of this page, as it is now, into the clipboard; says so, or that it could not, and resolves to which. */
export async function copyFaultReport(): Promise<boolean> {
  const state = useStore.getState();
  const text = faultReport(state, lastEvents(), navigator.userAgent);
  try {
    await navigator.clipboard.writeText(text);
    state.notify(
      "notice",
      "The report is copied: versions, device, model, settings and the last events. Paste it where you report the fault.",
    );
    return true;
  } catch {
    state.notify(
      "error",
      "The report was not copied: the browser forbids it. Allow this page to use the clipboard and try again.",
    );
    return false;
  }
}
