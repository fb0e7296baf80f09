// Arrow keys on the region: they move it, with Shift they move its right and lower edge. Pure.
import type { Region } from "@/state/selection";

const step = 0.05;
const smallest = 0.05;
/** Where a region begins that is made by key. */
const middle: Region = [0.25, 0.25, 0.75, 0.75];
const directions: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/** The region after a key; null where the key means nothing here. The first arrow makes one in the middle. */
export function movedRegion(
  region: Region | null,
  { key, shiftKey }: { readonly key: string; readonly shiftKey: boolean },
): Region | null {
  const direction = directions[key];
  if (!direction) return null;
  if (!region) return middle;
  const [dx, dy] = direction;
  const [x0, y0, x1, y1] = region;
  if (shiftKey) {
    return [x0, y0, rounded(clamp(x1 + dx * step, x0 + smallest, 1)), rounded(clamp(y1 + dy * step, y0 + smallest, 1))];
  }
  const moveX = clamp(dx * step, -x0, 1 - x1);
  const moveY = clamp(dy * step, -y0, 1 - y1);
  return [rounded(x0 + moveX), rounded(y0 + moveY), rounded(x1 + moveX), rounded(y1 + moveY)];
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, Math.min(low, high)), high);
}

/** Many small moves must not drift. */
function rounded(value: number): number {
  return Math.round(value * 1e6) / 1e6;
}
