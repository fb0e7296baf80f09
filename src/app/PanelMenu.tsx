// The ⋯ button of a panel. What it opens comes in a file of its own when it is first opened, so that the page opens without it.
import { Download, Ellipsis } from "lucide-react";
import { lazy, Suspense, useRef, useState } from "react";
import styles from "./PanelMenu.module.css";

export const loadExportMenu = async () => ({ default: (await import("@/views/export/ExportMenu")).ExportMenu });
const ExportMenu = lazy(loadExportMenu);

interface PanelMenuProps {
  /** Null for the whole page. */
  readonly panel: { readonly id: string; readonly title: string } | null;
}

/** The button with its menu. */
export function PanelMenu({ panel }: PanelMenuProps) {
  const [isOpen, setOpen] = useState(false);
  const trigger = useRef<HTMLButtonElement>(null);
  const label = panel ? `Export from ${panel.title}` : "Export";
  return (
    <>
      <button
        ref={trigger}
        type="button"
        className={styles.trigger}
        aria-label={label}
        title={label}
        aria-haspopup="menu"
        aria-expanded={isOpen}
        onPointerEnter={() => void loadExportMenu()}
        onFocus={() => void loadExportMenu()}
        onClick={() => setOpen(!isOpen)}
      >
        {panel ? <Ellipsis aria-hidden /> : <Download aria-hidden />}
      </button>
      {isOpen && (
        <Suspense>
          <ExportMenu panel={panel?.id ?? null} label={label} trigger={trigger} onClose={() => setOpen(false)} />
        </Suspense>
      )}
    </>
  );
}
