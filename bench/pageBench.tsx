// What the page itself takes, against its budgets: a slider's input until it is painted, the content under the pointer, a frame of a
// streaming answer, scrolling a very long one, eight live charts. The real panels on random answers; no model, and of the GPU only what
// the browser paints with. Headless on a CPU the times to a painted frame are pessimistic; the JavaScript is what it is.

import { type ReactNode, useSyncExternalStore } from "react";
import { flushSync } from "react-dom";
import { createRoot } from "react-dom/client";
import "@/app/theme.css";
import { answerTokens, setAnswerHeader } from "@/client/live";
import { randomRollout, randomTexts, randomTopK } from "@/client/test/randomAnswer";
import { useStore } from "@/state/store";
import { colourTokensBy } from "@/state/tokens/tokenColours";
import { LineChart } from "@/ui/charts/LineChart";
import type { ChartSeries } from "@/ui/charts/lineGeometry";
import { AnswerPanel } from "@/views/answer/AnswerPanel";
import { DistributionPanel } from "@/views/distribution/DistributionPanel";
import type { BenchRow } from "./report";
import { median } from "./timing";

export interface PageSizes {
  readonly tokens: number;
  readonly longTokens: number;
  readonly points: number;
  readonly repetitions: number;
}

/** Changes per repetition: the median of all of them counts. */
const changes = 12;

/** All measurements of the page, one after the other. */
export async function benchPage(sizes: PageSizes): Promise<BenchRow[]> {
  const { tokens, longTokens, points } = sizes;
  const rows: BenchRow[] = [];
  await withAnswer([tokens, 512], async () => {
    rows.push(...(await slider(sizes)), ...(await recolour(sizes)), ...(await hover(sizes)));
  });
  await withAnswer(
    Array.from({ length: 8 }, () => 64),
    async () => {
      rows.push(...(await streaming(sizes)));
    },
  );
  await withAnswer([longTokens], async (box) => {
    rows.push(...(await scrolling(box, sizes)));
  });
  rows.push(...(await charts(points, sizes)));
  return rows;
}

const row = (name: string, value: number, budget: number, note: string): BenchRow => ({
  name,
  unit: "ms",
  value,
  baseline: { name: "budget", value: budget },
  note,
});

/** Moves k by one percent at a time. */
async function slider({ tokens, repetitions }: PageSizes): Promise<BenchRow[]> {
  const scripts: number[] = [];
  const painted: number[] = [];
  for (let i = 0; i <= repetitions * changes; i++) {
    const started = performance.now();
    useStore.getState().setSetting("keepRatio", 0.3 + (i % 40) / 100);
    await settled();
    const script = performance.now() - started;
    const until = (await paintedAt()) - started;
    if (i === 0) continue;
    scripts.push(script);
    painted.push(until);
  }
  return [
    row(`k slider, ${tokens} tokens: input to painted`, median(painted), 50, "with the wait for the next frame"),
    row(`k slider, ${tokens} tokens: JavaScript`, median(scripts), 50, "update, text, histogram, strip"),
  ];
}

/** Another number behind all colours. */
async function recolour({ tokens, repetitions }: PageSizes): Promise<BenchRow[]> {
  const times: number[] = [];
  for (let i = 0; i <= repetitions * 4; i++) {
    const started = performance.now();
    colourTokensBy(i % 2 === 0 ? "entropy" : "dependency");
    const until = (await paintedAt()) - started;
    if (i > 0) times.push(until);
  }
  return [row(`Colour by another number, ${tokens} tokens: to painted`, median(times), 50, "one class per token")];
}

/** From token to token with the pop-over open. */
async function hover({ tokens, repetitions }: PageSizes): Promise<BenchRow[]> {
  const { setHover } = useStore.getState();
  setHover({ rollout: 0, token: 0 });
  const tooltip = async () => {
    for (;;) {
      const found = document.querySelector('[role="tooltip"]');
      if (found) return found;
      await paintedAt();
    }
  };
  const box = await tooltip();
  const times: number[] = [];
  for (let i = 0; i <= repetitions * changes; i++) {
    const started = performance.now();
    const changed = new Promise<number>((done) => {
      const observer = new MutationObserver(() => {
        observer.disconnect();
        done(performance.now());
      });
      observer.observe(box, { subtree: true, childList: true, characterData: true });
    });
    setHover({ rollout: 0, token: i + 1 });
    const until = (await changed) - started;
    if (i > 0) times.push(until);
    await paintedAt();
  }
  setHover(null);
  return [row(`Hover, ${tokens} tokens: to content`, median(times), 16, "seven numbers, rank, paired top")];
}

/** One token of one of the rollouts per frame, which at 60 frames is 60 tokens a second. */
async function streaming({ repetitions }: PageSizes): Promise<BenchRow[]> {
  const scripts: number[] = [];
  const frames: number[] = [];
  for (let i = 0; i <= repetitions * changes * 4; i++) {
    const [script, frame] = await new Promise<[number, number]>((done) => {
      let started = 0;
      // Callbacks of one frame run in the order in which they were asked for: before the buffer's own, and after it.
      requestAnimationFrame(() => {
        started = performance.now();
      });
      answerTokens.append(randomRollout(i % 8, 1, i), {});
      requestAnimationFrame(() => {
        const script = performance.now() - started;
        afterPaint(() => done([script, performance.now() - started]));
      });
    });
    if (i === 0) continue;
    scripts.push(script);
    frames.push(frame);
  }
  return [
    row("Streaming, 60 tokens/s into 8 rollouts: JavaScript per frame", median(scripts), 4, "update, text, rows, histogram"),
    row("Streaming, 60 tokens/s into 8 rollouts: whole frame", median(frames), 1000 / 60, "with style, layout and paint"),
  ];
}

/** 240 pixels further in every frame. */
async function scrolling(box: HTMLElement, { longTokens, repetitions }: PageSizes): Promise<BenchRow[]> {
  const scroller = box.querySelector('[role="listbox"]')?.closest<HTMLElement>("[class*=body]");
  if (!scroller) throw new Error("the answer has no scrolling part");
  const frames: number[] = [];
  for (let i = 0; i <= repetitions * changes * 2; i++) {
    const frame = await new Promise<number>((done) => {
      requestAnimationFrame(() => {
        const started = performance.now();
        scroller.scrollTop += 240;
        afterPaint(() => done(performance.now() - started));
      });
    });
    if (i > 0) frames.push(frame);
  }
  return [
    row(`Scrolling ${longTokens} tokens: frame`, median(frames), 1000 / 60, "style, layout and paint of what comes into view"),
  ];
}

/** Eight charts that all get a point. */
async function charts(points: number, { repetitions }: PageSizes): Promise<BenchRow[]> {
  const listeners = new Set<() => void>();
  let count = points;
  const xs = Float64Array.from({ length: points + 1000 }, (_, i) => i);
  const ys = Array.from({ length: 8 }, (_, chart) => xs.map((x) => Math.sin(x / (40 + chart)) + Math.sin(x * 12.9898) * 0.2));
  let drawn = series();
  function series() {
    return ys.map((of, i) => [{ label: `Number ${i + 1}`, xs: xs.subarray(0, count), ys: of.subarray(0, count) }]);
  }
  const subscribe = (listener: () => void) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  };
  const times: number[] = [];
  await withPage(<LiveCharts subscribe={subscribe} series={() => drawn} />, async () => {
    for (let i = 0; i <= repetitions * changes; i++) {
      count++;
      drawn = series();
      const started = performance.now();
      flushSync(() => {
        for (const listener of listeners) listener();
      });
      if (i > 0) times.push(performance.now() - started);
      await paintedAt();
    }
  });
  return [
    row(`Eight charts of ${points} points: update`, median(times), 10, "JavaScript; drawn from at most four points per pixel"),
  ];
}

interface LiveChartsProps {
  readonly subscribe: (listener: () => void) => () => void;
  readonly series: () => readonly (readonly ChartSeries[])[];
}

function LiveCharts({ subscribe, series }: LiveChartsProps) {
  return useSyncExternalStore(subscribe, series).map((one) => (
    <LineChart key={one[0]?.label} title={one[0]?.label ?? ""} series={one} width={240} height={132} />
  ));
}

async function withAnswer(lengths: readonly number[], run: (box: HTMLElement) => Promise<void>): Promise<void> {
  setAnswerHeader({ question: "How many red circles?", answer: "2", image: null, masked: [], rewards: null, notices: [] });
  answerTokens.start(lengths.length, randomTopK);
  lengths.forEach((length, i) => {
    answerTokens.append(randomRollout(i, length), randomTexts);
  });
  const panels = (
    <div style={{ display: "grid", gridTemplateRows: "520px 150px", width: 768 }}>
      <AnswerPanel />
      <DistributionPanel />
    </div>
  );
  await withPage(panels, run);
}

async function withPage(page: ReactNode, run: (box: HTMLElement) => Promise<void>): Promise<void> {
  const box = document.body.appendChild(document.createElement("div"));
  const root = createRoot(box);
  root.render(page);
  await paintedAt();
  await paintedAt();
  await run(box);
  root.unmount();
  box.remove();
}

/** Once what is queued right now, renders included, has run. */
const settled = (): Promise<void> => new Promise((done) => queueMicrotask(() => queueMicrotask(() => done())));

/** The time right after the next frame was painted. */
const paintedAt = (): Promise<number> =>
  new Promise((done) => requestAnimationFrame(() => afterPaint(() => done(performance.now()))));

/** A task behind the frame: style, layout and paint of the frame are done by then. */
function afterPaint(run: () => void): void {
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => {
    port1.close();
    run();
  };
  port2.postMessage(null);
}
