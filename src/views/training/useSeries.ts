// Lets a component follow a SeriesBuffer: it re-renders when the buffer's version grows, at most four times a second.
import { useCallback, useSyncExternalStore } from "react";
import type { SeriesBuffer } from "@/client/seriesBuffer";

const pauseMs = 250;

/** The version of a series; reading it subscribes the component. */
export function useSeriesVersion(series: SeriesBuffer): number {
  const subscribe = useCallback(
    (notify: () => void) => {
      let timer: ReturnType<typeof setTimeout> | undefined;
      const stop = series.subscribe(() => {
        timer ??= setTimeout(() => {
          timer = undefined;
          notify();
        }, pauseMs);
      });
      return () => {
        clearTimeout(timer);
        stop();
      };
    },
    [series],
  );
  return useSyncExternalStore(subscribe, () => series.version);
}
