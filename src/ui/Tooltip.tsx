// The small text beside a button that the pointer rests on or the focus is on: after a moment, hoverable, gone with Escape (WCAG 1.4.13).
// In the top layer, so that neither panels nor dialogs cut it off. Not for data: token and chart pop-overs are their views' own.
import {
  type FocusEvent,
  type KeyboardEvent,
  type PointerEvent,
  type ReactNode,
  useEffect,
  useLayoutEffect,
  useRef,
  useState,
} from "react";
import { createPortal } from "react-dom";
import styles from "./Tooltip.module.css";

const openDelayMs = 400;
const closeDelayMs = 80;
const gap = 6;
const edge = 4;

/** Handlers for the described element, and the tooltip to draw beside it; nothing happens without content. */
export function useTooltip(id: string, content: ReactNode) {
  const [anchor, setAnchor] = useState<Element | null>(null);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  const later = (next: Element | null, ms: number) => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setAnchor(next), ms);
  };
  const now = (next: Element | null) => {
    clearTimeout(timer.current);
    setAnchor(next);
  };
  const close = () => later(null, closeDelayMs);
  if (!content) return { handlers: {}, tooltip: null, isOpen: false };
  return {
    isOpen: anchor !== null,
    handlers: {
      onPointerEnter: (event: PointerEvent) => {
        if (event.pointerType !== "touch") later(event.currentTarget, openDelayMs);
      },
      onPointerLeave: close,
      onPointerDown: () => now(null),
      onFocus: (event: FocusEvent) => {
        if (event.currentTarget.matches(":focus-visible")) now(event.currentTarget);
      },
      onBlur: () => now(null),
      onKeyDown: (event: KeyboardEvent) => {
        if (event.key !== "Escape" || !anchor) return;
        // It is the tooltip that goes, not what Escape means elsewhere.
        event.preventDefault();
        event.stopPropagation();
        now(null);
      },
    },
    tooltip: anchor && (
      <Tooltip id={id} anchor={anchor} onEnter={() => clearTimeout(timer.current)} onLeave={close}>
        {content}
      </Tooltip>
    ),
  };
}

interface TooltipProps {
  readonly id: string;
  readonly anchor: Element;
  readonly onEnter: () => void;
  readonly onLeave: () => void;
  readonly children: ReactNode;
}

function Tooltip({ id, anchor, onEnter, onLeave, children }: TooltipProps) {
  const box = useRef<HTMLSpanElement>(null);
  useLayoutEffect(() => {
    const tip = box.current;
    if (!tip) return;
    tip.showPopover();
    const at = anchor.getBoundingClientRect();
    const { offsetWidth: width, offsetHeight: height } = tip;
    const left = at.left + (at.width - width) / 2;
    const above = at.top - height - gap;
    tip.style.left = `${Math.max(edge, Math.min(left, innerWidth - width - edge))}px`;
    tip.style.top = `${above >= edge ? above : at.bottom + gap}px`;
  }, [anchor]);
  return createPortal(
    <span
      ref={box}
      id={id}
      role="tooltip"
      popover="manual"
      className={styles.tooltip}
      onPointerEnter={onEnter}
      onPointerLeave={onLeave}
    >
      {children}
    </span>,
    document.body,
  );
}
