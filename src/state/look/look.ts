// "Where did it look?": what the page knows of measuring the shown answer again — which measurements run, how far they are, and what
// the hand is doing (region tool, held key, cell under the pointer). The numbers are in `occlusionMap.ts` and the jobs beside it.

import { create } from "zustand";

/** What is measured, one at a time; a new one takes the place of a running one. */
export type LookKind = "region" | "occlusion" | "draws" | "deletion";

export type LookStatus =
  | { readonly status: "idle" }
  /** It cannot be measured now, or not by itself. */
  | { readonly status: "waiting"; readonly why: string }
  | { readonly status: "running"; readonly done: number; readonly total: number }
  | { readonly status: "done"; readonly passes: number; readonly elapsedMs: number; readonly stopped: boolean }
  | { readonly status: "failed"; readonly message: string };

interface LookState {
  readonly statuses: Readonly<Record<LookKind, LookStatus>>;
  /** Grows when measured numbers change. */
  readonly version: number;
  /** The region tool is on: arrows move the rectangle, touch draws it. */
  readonly isRegionTool: boolean;
  /** A region is being dragged; it is measured when the drag is over. */
  readonly isDragging: boolean;
  /** The masked picture is held in place of the original. */
  readonly isHeld: boolean;
  /** Key of the occlusion cell under the pointer or under the keys. */
  readonly cell: string | null;
  /** Stops the measurement that is running. */
  readonly stop: (() => void) | null;
  set(values: Partial<Pick<LookState, "isRegionTool" | "isDragging" | "isHeld" | "cell" | "stop">>): void;
  setStatus(kind: LookKind, status: LookStatus): void;
  changed(): void;
}

const idle = { status: "idle" } as const;

/** The store; use it with a selector. */
export const useLook = create<LookState>()((set) => ({
  statuses: { region: idle, occlusion: idle, draws: idle, deletion: idle },
  version: 0,
  isRegionTool: false,
  isDragging: false,
  isHeld: false,
  cell: null,
  stop: null,
  set: (values) => set(values),
  setStatus: (kind, status) => set(({ statuses }) => ({ statuses: { ...statuses, [kind]: status } })),
  changed: () => set(({ version }) => ({ version: version + 1 })),
}));

/** Shows the masked picture until the key or the pointer is let go. */
export function holdMasked(): void {
  if (useLook.getState().isHeld) return;
  useLook.getState().set({ isHeld: true });
  const events = ["keyup", "pointerup", "blur"] as const;
  const release = () => {
    for (const event of events) window.removeEventListener(event, release);
    useLook.getState().set({ isHeld: false });
  };
  for (const event of events) window.addEventListener(event, release);
}

/** Puts the region tool on or off. */
export function toggleRegionTool(): void {
  const { isRegionTool, set } = useLook.getState();
  set({ isRegionTool: !isRegionTool });
}

/** Stops the running measurement; what has come of it stays. Returns whether there was one. */
export function stopLooking(): boolean {
  const { stop } = useLook.getState();
  stop?.();
  return stop !== null;
}
