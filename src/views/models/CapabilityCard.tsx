// The capability card: what this browser and machine can do for the page, in plain words, with what to switch on where something is
// missing. Asks the browser when it is shown; the engine need not run for it.
import { Check, CircleAlert, Minus } from "lucide-react";
import { useEffect, useState } from "react";
import { classes } from "@/ui/classes";
import styles from "./CapabilityCard.module.css";
import { type BrowserFacts, type Capability, capabilitiesOf } from "./capabilities";

const icons = { good: Check, part: Minus, missing: CircleAlert } as const;
const names = { good: "there", part: "in part", missing: "missing" } as const;

/** What the machine can do. */
export function CapabilityCard() {
  const [rows, setRows] = useState<readonly Capability[] | null>(null);
  useEffect(() => {
    let isHere = true;
    void askBrowser().then((facts) => isHere && setRows(capabilitiesOf(facts)));
    return () => {
      isHere = false;
    };
  }, []);
  return (
    <>
      <ul className={styles.list} aria-busy={rows === null}>
        {rows?.map((row) => (
          <Row key={row.name} {...row} />
        ))}
      </ul>
      {rows?.some(({ name, state }) => name === "WebGPU" && state !== "good") && (
        <p className={styles.text}>
          Which browsers have it on which systems:{" "}
          <a href="https://github.com/gpuweb/gpuweb/wiki/Implementation-Status" target="_blank" rel="noreferrer">
            the WebGPU group's list
          </a>
          .
        </p>
      )}
    </>
  );
}

function Row({ name, state, text, fix }: Capability) {
  const Icon = icons[state];
  return (
    <li className={styles.row}>
      <span className={classes(styles.icon, styles[state])}>
        <Icon aria-hidden />
        <span className="sr-only">{`${names[state]}: `}</span>
      </span>
      <div>
        <p className={styles.name}>{name}</p>
        <p className={styles.text}>{text}</p>
        {fix && <p>{fix}</p>}
      </div>
    </li>
  );
}

async function askBrowser(): Promise<BrowserFacts> {
  const hasWebGpu = navigator.gpu !== undefined;
  const found = hasWebGpu ? await navigator.gpu.requestAdapter({ powerPreference: "high-performance" }).catch(() => null) : null;
  const estimate: StorageEstimate = await (navigator.storage?.estimate() ?? Promise.resolve({})).catch(() => ({}));
  const { vendor = "", architecture = "", description = "", isFallbackAdapter = false } = found?.info ?? {};
  return {
    isSecure: isSecureContext,
    hasWebGpu,
    adapter: found && {
      name: [vendor, architecture, description].filter(Boolean).join(" ") || "unnamed adapter",
      features: [...found.features],
      maxBufferBytes: found.limits.maxBufferSize,
      maxBindingBytes: found.limits.maxStorageBufferBindingSize,
      isFallback: isFallbackAdapter,
    },
    quotaBytes: estimate.quota ?? null,
    usedBytes: estimate.usage ?? null,
    isPersisted: (await navigator.storage?.persisted?.().catch(() => false)) ?? false,
    agent: navigator.userAgent,
  };
}
