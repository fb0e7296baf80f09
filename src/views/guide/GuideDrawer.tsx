// The guide: a drawer beside the page, seven short pages, each bound to one action and ticked when the page's state shows that it was
// done. It covers nothing and blocks nothing; what a page talks about gets an outline.
import { Check, ChevronLeft, ChevronRight, Crosshair, X } from "lucide-react";
import { useEffect, useRef } from "react";
import { useStore } from "@/state/store";
import { Button } from "@/ui/Button";
import { classes } from "@/ui/classes";
import styles from "./GuideDrawer.module.css";
import { type GuidePage, guidePages } from "./guidePages";
import { useGuide } from "./guideStore";
import { outline } from "./highlight";

/** The drawer; nothing while the guide is closed. */
export function GuideDrawer() {
  const number = useGuide((state) => state.page);
  const page = number === null ? undefined : guidePages[number - 1];
  if (number === null || !page) return null;
  return <OpenGuide page={page} number={number} />;
}

function OpenGuide({ page, number }: { page: GuidePage; number: number }) {
  const { open, close, skip, done } = useGuide();
  const heading = useRef<HTMLHeadingElement>(null);
  useTicks();
  useEffect(() => outline(page.parts), [page]);
  // Read from its title on, whichever way the page was turned.
  useEffect(() => {
    if (heading.current?.textContent !== "") heading.current?.focus();
  }, []);
  const turn = (to: number) => {
    open(to);
    heading.current?.focus();
  };
  const isDone = done.has(page.id);
  const isLast = number === guidePages.length;
  return (
    <aside
      className={styles.drawer}
      aria-label="Guide"
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        event.preventDefault();
        close();
      }}
    >
      <header className={styles.head}>
        <ol className={styles.pages} aria-label="Pages of the guide">
          {guidePages.map(({ id, title }, i) => (
            <li key={id}>
              <button
                type="button"
                className={classes(styles.dot, done.has(id) && styles.done)}
                aria-label={`Page ${i + 1}: ${title}${done.has(id) ? ", done" : ""}`}
                aria-current={i + 1 === number ? "page" : undefined}
                onClick={() => turn(i + 1)}
              >
                {done.has(id) ? <Check aria-hidden /> : i + 1}
              </button>
            </li>
          ))}
        </ol>
        <Button label="Close the guide" iconOnly tone="quiet" icon={<X aria-hidden />} onPress={close} />
      </header>
      <div className={styles.body}>
        <p className={styles.count}>{`${number} of ${guidePages.length}`}</p>
        <h2 ref={heading} className={styles.title} tabIndex={-1}>
          {page.title}
        </h2>
        {page.text.map((text) => (
          <p key={text}>{text}</p>
        ))}
        <div className={classes(styles.todo, isDone && styles.ticked)} role="status">
          <span className={styles.tick}>{isDone && <Check aria-hidden />}</span>
          <p>
            <strong>{isDone ? "Done." : "Now you."}</strong> {page.todo}
          </p>
        </div>
        {!isDone && (
          <div>
            <Button label="Show me where" icon={<Crosshair aria-hidden />} onPress={() => show(page)} />
          </div>
        )}
      </div>
      <footer className={styles.foot}>
        <Button label="Back" icon={<ChevronLeft aria-hidden />} disabled={number === 1} onPress={() => turn(number - 1)} />
        <Button
          label={isLast ? "Finish" : "Next"}
          tone={isDone ? "primary" : "plain"}
          icon={isLast ? <Check aria-hidden /> : <ChevronRight aria-hidden />}
          onPress={() => (isLast ? close() : turn(number + 1))}
        />
        <span className={styles.skip}>
          <Button label="Skip for good" tone="quiet" onPress={skip} />
        </span>
      </footer>
    </aside>
  );
}

/** Ticks pages off while the guide is open: whatever page is shown, what was done counts. */
function useTicks(): void {
  useEffect(() => {
    const then = useStore.getState();
    const look = () => {
      const { done, tick } = useGuide.getState();
      for (const { id, isDone } of guidePages) if (!done.has(id) && isDone(useStore.getState(), then)) tick(id);
    };
    look();
    return useStore.subscribe(look);
  }, []);
}

function show({ focus, parts }: GuidePage): void {
  const target = "label" in focus ? controlOf(focus.label) : document.querySelector<HTMLElement>(focus.selector);
  const shown = target ?? document.querySelector<HTMLElement>(parts.join(", "));
  shown?.scrollIntoView({ block: "nearest" });
  target?.focus();
}

function controlOf(label: string): HTMLElement | null {
  for (const element of document.querySelectorAll<HTMLLabelElement>("label")) {
    if (element.textContent?.trim() === label && element.control) return element.control;
  }
  return document.querySelector<HTMLElement>(`[aria-label="${label}"] input, [aria-label="${label}"] select`);
}
