// What this browser and machine can do for the page, in plain words: the GPU and what of it is used, its limits as they matter here, and
// the room for models. Pure: it is given what was asked of the browser (CapabilityCard.tsx).

import { formatBytes } from "@/ui/formatNumber";

/** What the browser said when it was asked. */
export interface BrowserFacts {
  /** False on plain http, where browsers keep WebGPU and storage to themselves. */
  readonly isSecure: boolean;
  readonly hasWebGpu: boolean;
  /** Null where the browser offers none. */
  readonly adapter: {
    readonly name: string;
    readonly features: readonly string[];
    readonly maxBufferBytes: number;
    readonly maxBindingBytes: number;
    readonly isFallback: boolean;
  } | null;
  readonly quotaBytes: number | null;
  readonly usedBytes: number | null;
  /** Whether the browser has promised not to clear what is stored. */
  readonly isPersisted: boolean;
  readonly agent: string;
}

/** One row of the card. */
export interface Capability {
  readonly name: string;
  readonly state: "good" | "part" | "missing";
  /** What it is, and what it means for the page. */
  readonly text: string;
  /** What can be done about it; absent where nothing has to be. */
  readonly fix?: string;
}

const gib = 2 ** 30;
/** WebGPU's own default: below it models must be cut in more pieces. */
const usualBinding = 128 * 2 ** 20;
/** Room for a model of 2B parameters in int4 with something to spare. */
const smallQuota = 2 * gib;

/** The rows of the card, the most important first. */
export function capabilitiesOf(facts: BrowserFacts): readonly Capability[] {
  return [...gpuRows(facts), storageRow(facts)];
}

function gpuRows(facts: BrowserFacts): readonly Capability[] {
  const { adapter } = facts;
  if (!adapter) {
    return [
      {
        name: "WebGPU",
        state: "missing",
        text: `${whyNoGpu(facts)} The page computes on the CPU: small models only.`,
        fix: fixOf(facts),
      },
    ];
  }
  const { features, maxBufferBytes, maxBindingBytes, isFallback } = adapter;
  const has = (feature: string) => features.includes(feature);
  return [
    isFallback
      ? { name: "WebGPU", state: "part", text: "There, but computed by the CPU: right, and slow.", fix: fixOf(facts) }
      : { name: "WebGPU", state: "good", text: `There: ${adapter.name}.` },
    has("shader-f16")
      ? {
          name: "16-bit arithmetic",
          state: "good",
          text: "There; not needed, because numbers are stored in 16 bits and computed in 32.",
        }
      : {
          name: "16-bit arithmetic",
          state: "part",
          text: "Not there, and not needed: numbers are stored in 16 bits and computed in 32.",
        },
    has("subgroups")
      ? { name: "Subgroups", state: "good", text: "There: lanes of the GPU exchange numbers directly." }
      : { name: "Subgroups", state: "part", text: "Not there, and not needed." },
    {
      name: "Largest buffer",
      state: maxBindingBytes >= usualBinding ? "good" : "part",
      text:
        `${formatBytes(maxBufferBytes)}, of which a kernel sees ${formatBytes(maxBindingBytes)} at a time; ` +
        (maxBindingBytes > usualBinding
          ? "matrices of large models fit whole."
          : "matrices of large models are split, which costs little."),
    },
  ];
}

function whyNoGpu({ isSecure, hasWebGpu }: BrowserFacts): string {
  if (!isSecure) return "Browsers offer WebGPU to secure pages only, and this one came over plain http.";
  if (!hasWebGpu) return "This browser has no WebGPU, or it is switched off.";
  return "The browser has WebGPU, but offers no GPU: it is blocklisted, its driver is too old, or hardware acceleration is off.";
}

/** What to do in the browser at hand. */
function fixOf({ isSecure, hasWebGpu, agent }: BrowserFacts): string {
  if (!isSecure) return "Open the page over https, or from this machine as http://localhost.";
  const isLinux = /Linux|X11/.test(agent) && !/Android/.test(agent);
  if (/Firefox\//.test(agent)) {
    return isLinux
      ? "Set dom.webgpu.enabled to true in about:config (Firefox 145 or newer), or use a current Chrome."
      : "Update Firefox to 141 or newer (145 on a Mac), or set dom.webgpu.enabled to true in about:config.";
  }
  if (/Version\/.*Safari/.test(agent)) return "Update to Safari 26 or newer, or switch WebGPU on under Develop, Feature Flags.";
  if (/Edg\//.test(agent)) return hasWebGpu ? chromiumFix("edge", isLinux) : "Update Edge to 113 or newer.";
  if (/Chrome\//.test(agent)) return hasWebGpu ? chromiumFix("chrome", isLinux) : "Update Chrome to 113 or newer.";
  return "Use a current Chrome, Edge, Firefox or Safari.";
}

function chromiumFix(browser: string, isLinux: boolean): string {
  const flags = `${browser}://flags/#enable-unsafe-webgpu${isLinux ? ` and ${browser}://flags/#enable-vulkan` : ""}`;
  return `Switch on hardware acceleration in the settings under System, look at ${browser}://gpu for the reason, or enable ${flags}.`;
}

function storageRow({ quotaBytes, usedBytes, isPersisted }: BrowserFacts): Capability {
  if (quotaBytes === null) {
    return {
      name: "Room for models",
      state: "missing",
      text: "The browser does not say, or stores nothing here: models are fetched anew with every visit.",
      fix: "Leave private browsing, or allow this site to store data.",
    };
  }
  const free = Math.max(0, quotaBytes - (usedBytes ?? 0));
  const kept = isPersisted ? "It is kept until you delete it." : "The browser may clear it when the disk is full.";
  const room = `${formatBytes(free)} of ${formatBytes(quotaBytes)} are free for models and runs.`;
  return {
    name: "Room for models",
    state: free >= smallQuota ? "good" : "part",
    text: `${room} ${kept}`,
    ...(free < smallQuota && { fix: "Delete models that you no longer use in the list of models, or free disk space." }),
  };
}
