// The pointer on a chart: moving tells the step under it, a click picks one, and a drag chooses a range of steps. The same by keys and
// numbers is offered beside the charts (fields for the range, a slider for the step).

import { type MouseEvent, type PointerEvent, useEffect, useRef, useState } from "react";
import { type LineGeometry, nearestStep, pixelToStep } from "./lineGeometry";

export interface ChartPointerOptions {
  readonly geometry: LineGeometry;
  readonly width: number;
  readonly steps: ArrayLike<number>;
  readonly onHover: ((step: number | null) => void) | undefined;
  readonly onPick: ((step: number) => void) | undefined;
  readonly onZoom: ((range: readonly [number, number]) => void) | undefined;
}

/** A drag shorter than this is a click. */
const leastDrag = 5;

/** Handlers for the drawing, and the dragged range in pixels while there is one. */
export function useChartPointer({ geometry, width, steps, onHover, onPick, onZoom }: ChartPointerOptions) {
  const [drag, setDrag] = useState<{ readonly from: number; readonly to: number } | null>(null);
  // A drag ends with a click, too.
  const wasDrag = useRef(false);
  const isDragging = drag !== null;
  useEffect(() => {
    if (!isDragging) return;
    const cancel = (event: KeyboardEvent) => {
      if (event.key === "Escape") setDrag(null);
    };
    window.addEventListener("keydown", cancel);
    return () => window.removeEventListener("keydown", cancel);
  }, [isDragging]);
  const pixelOf = (event: MouseEvent<SVGSVGElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    return ((event.clientX - box.left) / box.width) * width;
  };
  const { left, right } = geometry.plot;
  const inside = (pixel: number) => Math.min(right, Math.max(left, pixel));
  const wide = (range: typeof drag) => range !== null && Math.abs(range.to - range.from) >= leastDrag;
  return {
    range: onZoom && wide(drag) ? drag : null,
    handlers: {
      onPointerDown: (event: PointerEvent<SVGSVGElement>) => {
        if (event.button !== 0) return;
        // A pointer that is gone already, as a test's may be, cannot be captured.
        if (event.currentTarget.hasPointerCapture?.(event.pointerId) === false && event.isTrusted) {
          event.currentTarget.setPointerCapture(event.pointerId);
        }
        const at = inside(pixelOf(event));
        wasDrag.current = false;
        setDrag({ from: at, to: at });
      },
      onPointerMove: (event: PointerEvent<SVGSVGElement>) => {
        const pixel = pixelOf(event);
        if (drag) setDrag({ ...drag, to: inside(pixel) });
        onHover?.(nearestStep(pixel, geometry, steps) ?? null);
      },
      onPointerUp: (event: PointerEvent<SVGSVGElement>) => {
        if (!drag) return;
        const range = { ...drag, to: inside(pixelOf(event)) };
        setDrag(null);
        if (!onZoom || !wide(range)) return;
        wasDrag.current = true;
        const [from = 0, to = 0] = [range.from, range.to].map((pixel) => pixelToStep(pixel, geometry)).sort((a, b) => a - b);
        onZoom([Math.round(from), Math.max(Math.round(from) + 1, Math.round(to))]);
      },
      onClick: (event: MouseEvent<SVGSVGElement>) => {
        const step = wasDrag.current ? undefined : nearestStep(pixelOf(event), geometry, steps);
        wasDrag.current = false;
        if (step !== undefined) onPick?.(step);
      },
      onPointerCancel: () => setDrag(null),
      onPointerLeave: () => {
        if (!drag) onHover?.(null);
      },
    },
  };
}
