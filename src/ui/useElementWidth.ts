// The content width of an element, kept up to date: charts are drawn for the pixels they have.
import { type RefObject, useLayoutEffect, useRef, useState } from "react";

/** A ref to attach and the element's width in whole pixels; 0 before the first layout. */
export function useElementWidth<E extends HTMLElement>(): readonly [RefObject<E | null>, number] {
  const ref = useRef<E>(null);
  const [width, setWidth] = useState(0);
  // Measured before the first paint, so that nothing jumps.
  useLayoutEffect(() => {
    const element = ref.current;
    if (!element) return;
    setWidth(contentWidth(element));
    const observer = new ResizeObserver(() => setWidth(contentWidth(element)));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return [ref, width];
}

function contentWidth(element: HTMLElement): number {
  const { paddingLeft, paddingRight } = getComputedStyle(element);
  return Math.floor(element.clientWidth - Number.parseFloat(paddingLeft) - Number.parseFloat(paddingRight));
}
