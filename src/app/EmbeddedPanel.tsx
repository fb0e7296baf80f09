// One panel alone, for a frame in another page (`?embed=answer`): the panel, its menu, what went wrong, and the way to the whole page.
import { ExternalLink } from "lucide-react";
import { useEffect, useState } from "react";
import { currentHash } from "@/state/persist";
import { useStore } from "@/state/store";
import styles from "./EmbeddedPanel.module.css";
import { PanelBox } from "./PanelBox";
import { PanelMenu } from "./PanelMenu";
import type { Panel } from "./panels";
import { wholePageAddress } from "./shownParts";

/** The panel with a line below it. */
export function EmbeddedPanel({ panel }: { readonly panel: Panel }) {
  const message = useStore((state) => state.messages.at(-1));
  const dismiss = useStore((state) => state.dismiss);
  return (
    <div className={styles.page}>
      <main className={styles.panel}>
        <PanelBox panel={panel} />
      </main>
      <footer className={styles.line}>
        {message && (
          <button type="button" className={styles.message} title="Dismiss" onClick={() => dismiss(message.id)}>
            {message.text}
          </button>
        )}
        <WholePage />
        <PanelMenu panel={panel} />
      </footer>
    </div>
  );
}

function WholePage() {
  const [hash, setHash] = useState(currentHash);
  // The settings turned in the frame go along.
  useEffect(() => useStore.subscribe(() => setHash(currentHash())), []);
  return (
    <a className={styles.link} href={wholePageAddress(location.href, hash)} target="_blank" rel="noreferrer">
      Open in VPPO playground <ExternalLink aria-hidden />
    </a>
  );
}
