// The tokens of one bar of the histogram as a list that pins them, with a way to the neighbouring bars: what clicking the bars gives to
// the pointer, for keys and screen readers too. In the browser's top layer, which the panel cannot cut off.
import { ChevronLeft, ChevronRight } from "lucide-react";
import { type ReactNode, useLayoutEffect, useRef } from "react";
import { answerTokens } from "@/client/live";
import { useStore } from "@/state/store";
import { Button } from "@/ui/Button";
import { formatNumber } from "@/ui/formatNumber";
import { tokenLabel } from "@/ui/tokens/chunking";
import styles from "./BarTokens.module.css";
import { type Histogram, nextBar, tokensOfBar } from "./drawHistogram";

export interface BarTokensProps {
  readonly rollout: number;
  readonly values: Float32Array;
  readonly mask: Uint8Array;
  readonly drawing: Histogram;
  readonly bar: number;
  readonly unit: string;
  /** Where the figure is on the page: the list stands above it. */
  readonly anchor: () => DOMRect | undefined;
  readonly onBar: (bar: number) => void;
  readonly onClose: () => void;
}

const listWidth = 288;
const gap = 4;
/** More are not read one by one; the table view has all. */
const shownTokens = 200;

/** The open list. */
export function BarTokens({ rollout, values, mask, drawing, bar, unit, anchor, onBar, onClose }: BarTokensProps) {
  const box = useRef<HTMLDivElement>(null);
  const pin = useStore((state) => state.pin);
  const pinned = useStore((state) => (state.pinned?.rollout === rollout ? state.pinned.start : -1));
  const { bars } = drawing;
  const x = bars[bar]?.x ?? 0;
  useLayoutEffect(() => {
    const opener = document.activeElement;
    box.current?.showPopover();
    box.current?.querySelector<HTMLElement>("li button")?.focus();
    return () => {
      // Given back when the list is gone, and not by the browser while it goes: the opener's tooltip comes with the focus.
      if (document.activeElement === document.body && opener instanceof HTMLElement) opener.focus();
    };
  }, []);
  useLayoutEffect(() => {
    const element = box.current;
    const frame = anchor();
    if (!element || !frame) return;
    const left = Math.min(Math.max(frame.left + x - listWidth / 2, gap), window.innerWidth - listWidth - gap);
    element.style.left = `${Math.round(left)}px`;
    element.style.bottom = `${Math.round(window.innerHeight - frame.top + gap)}px`;
    element.style.maxHeight = `${Math.round(Math.max(frame.top - 2 * gap, 160))}px`;
  });
  const shown = bars[bar];
  if (!shown) return null;
  const tokens = tokensOfBar(values, drawing, bar);
  const previous = nextBar(bars, bar, -1);
  const next = nextBar(bars, bar, 1);
  return (
    <div
      ref={box}
      popover="auto"
      role="dialog"
      aria-label="Tokens of a bar"
      className={styles.box}
      onToggle={(event) => {
        if (event.newState === "closed") onClose();
      }}
      // Escape closes the list and nothing else of the page.
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        event.preventDefault();
        event.stopPropagation();
        onClose();
      }}
    >
      <header className={styles.header}>
        <Step label="Bar to the left" icon={<ChevronLeft />} bar={previous} onBar={onBar} />
        <p aria-live="polite">
          <strong>
            {tokens.length} {tokens.length === 1 ? "token" : "tokens"}
          </strong>{" "}
          {formatNumber(shown.from)} to {formatNumber(shown.to)} {unit}
        </p>
        <Step label="Bar to the right" icon={<ChevronRight />} bar={next} onBar={onBar} />
      </header>
      <ol className={styles.list}>
        {tokens.slice(0, shownTokens).map((token) => (
          <li key={token}>
            <button type="button" aria-pressed={token === pinned} onClick={() => pin({ rollout, start: token, end: token })}>
              <span className={styles.text}>{tokenLabel(answerTokens.tokenText(rollout, token))}</span>
              <span className={styles.place}>
                {mask[token] ? "● " : ""}
                {token + 1}
              </span>
              <span>
                {formatNumber(values[token] ?? 0)} {unit}
              </span>
            </button>
          </li>
        ))}
      </ol>
      {tokens.length > shownTokens && <p className={styles.place}>and {tokens.length - shownTokens} more in the table view</p>}
    </div>
  );
}

interface StepProps {
  readonly label: string;
  readonly icon: ReactNode;
  readonly bar: number | null;
  readonly onBar: (bar: number) => void;
}

function Step({ label, icon, bar, onBar }: StepProps) {
  return (
    <Button
      label={label}
      icon={icon}
      iconOnly
      tone="quiet"
      disabled={bar === null}
      onPress={() => {
        if (bar !== null) onBar(bar);
      }}
    />
  );
}
