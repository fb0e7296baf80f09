// The content width of an element, kept up to date: charts are drawn for the pixels they have.
import { type RefObject, useEffect, useRef, useState } from "react";

/** A ref to attach and the element's width in whole pixels; 0 before the first layout. */
export function useElementWidth<E extends HTMLElement>(): readonly [RefObject<E | null>, number] {
  const ref = useRef<E>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const element = ref.current;
    if (!element) return;
    const observer = new ResizeObserver(([entry]) => setWidth(Math.floor(entry?.contentRect.width ?? 0)));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return [ref, width];
}
