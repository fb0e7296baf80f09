// Words with an equation behind them: it opens beside them when they are pointed at, reached by keyboard or tapped, stays while the
// pointer is inside, and Escape puts it away (WCAG 1.4.13). The equation itself comes in a file of its own, so that pages with tips
// open without it.
import { lazy, type ReactNode, Suspense, useEffect, useId, useLayoutEffect, useRef, useState } from "react";
import type { EquationProps } from "./Equation";
import styles from "./EquationTip.module.css";
import type { EquationId } from "./equations";

const Equation = lazy(async () => ({ default: (await import("./Equation")).Equation }));

const openAfterMs = 150;
const closeAfterMs = 120;
const gap = 6;

export interface EquationTipProps<Id extends EquationId> extends Pick<EquationProps<Id>, "id" | "values"> {
  /** What is explained: a symbol, a number, a word. */
  readonly children: ReactNode;
}

/** A term that explains itself; use it inside any line of text. */
export function EquationTip<Id extends EquationId>({ id, values, children }: EquationTipProps<Id>) {
  const [isOpen, setOpen] = useState(false);
  const whole = useRef<HTMLSpanElement>(null);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const boxId = useId();
  const later = (open: boolean) => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setOpen(open), open ? openAfterMs : closeAfterMs);
  };
  const now = (open: boolean) => {
    clearTimeout(timer.current);
    setOpen(open);
  };
  useEffect(() => () => clearTimeout(timer.current), []);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `now` only reads the timer
  useEffect(() => {
    if (!isOpen) return;
    const dismiss = (event: KeyboardEvent) => {
      if (event.key !== "Escape") return;
      // Escape puts the tip away and nothing else; what had the focus inside gives it back.
      event.stopPropagation();
      if (whole.current?.contains(document.activeElement)) whole.current.querySelector("button")?.focus();
      now(false);
    };
    const leave = (event: PointerEvent) => {
      if (event.target instanceof Node && !whole.current?.contains(event.target)) setOpen(false);
    };
    window.addEventListener("keydown", dismiss, { capture: true });
    window.addEventListener("pointerdown", leave);
    return () => {
      window.removeEventListener("keydown", dismiss, { capture: true });
      window.removeEventListener("pointerdown", leave);
    };
  }, [isOpen]);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the keyboard reaches the same through the focus of the button inside
    <span
      ref={whole}
      className={styles.whole}
      onPointerEnter={({ pointerType }) => pointerType !== "touch" && later(true)}
      onPointerLeave={({ pointerType }) => pointerType !== "touch" && later(false)}
      onBlur={({ relatedTarget }) => !whole.current?.contains(relatedTarget) && now(false)}
    >
      <button
        type="button"
        className={styles.term}
        aria-description="equation"
        aria-expanded={isOpen}
        aria-controls={isOpen ? boxId : undefined}
        onFocus={({ currentTarget }) => currentTarget.matches(":focus-visible") && now(true)}
        onClick={() => now(true)}
      >
        {children}
      </button>
      {isOpen && (
        <Box id={boxId} anchor={whole}>
          <Suspense fallback={null}>
            <Equation id={id} values={values} />
          </Suspense>
        </Box>
      )}
    </span>
  );
}

interface BoxProps {
  readonly id: string;
  readonly anchor: { readonly current: HTMLElement | null };
  readonly children: ReactNode;
}

/** In the top layer, so that no panel cuts it off; in the order of the document, so that Tab goes from the term into it. */
function Box({ id, anchor, children }: BoxProps) {
  const box = useRef<HTMLSpanElement>(null);
  useLayoutEffect(() => {
    const element = box.current;
    const target = anchor.current?.firstElementChild;
    if (!element || !target) return;
    element.showPopover();
    const put = () => place(element, target);
    put();
    // Its size is known when the equation has come.
    const observer = new ResizeObserver(put);
    observer.observe(element);
    window.addEventListener("scroll", put, { capture: true, passive: true });
    return () => {
      observer.disconnect();
      window.removeEventListener("scroll", put, { capture: true });
    };
  }, [anchor]);
  return (
    <span ref={box} id={id} popover="manual" role="note" aria-label="Equation" className={styles.box}>
      {children}
    </span>
  );
}

/** Below the term, or above where there is no room. */
function place(box: HTMLElement, anchor: Element): void {
  const target = anchor.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = box;
  const below = target.bottom + gap;
  const top = below + height <= window.innerHeight ? below : target.top - gap - height;
  const left = Math.min(target.left, window.innerWidth - width - gap);
  box.style.translate = `${Math.round(Math.max(left, gap))}px ${Math.round(Math.max(top, gap))}px`;
}
