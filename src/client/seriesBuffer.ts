// Metrics of a training run, outside React: one append-only column per metric, and the reports of the newest steps for the
// Rollouts panel. Filled by training events or by the recorded run; charts read columns as views.

import type { StepMetrics, StepReport } from "@/protocol/training";
import { reportBytes } from "./reportBytes";
import type { Schedule } from "./tokenBuffer";

const firstCapacity = 64;
/** Reports hold token data and pictures; older ones are dropped, their metrics stay, and the run's database has them still. */
const keptReports = 200;
const keptReportBytes = 96 * 2 ** 20;

/** Append-only series of one run. */
export class SeriesBuffer {
  /** Grows with every change. */
  version = 0;
  private count = 0;
  private stepColumn = new Float64Array(firstCapacity);
  private readonly columns = new Map<string, Float64Array>();
  private readonly reportsByStep = new Map<number, StepReport>();
  private readonly bytesByStep = new Map<number, number>();
  private heldBytes = 0;
  private readonly listeners = new Set<() => void>();
  private isScheduled = false;

  constructor(private readonly schedule: Schedule = (notify) => notify()) {}

  /** Empties the run. */
  reset(): void {
    this.count = 0;
    this.columns.clear();
    this.reportsByStep.clear();
    this.bytesByStep.clear();
    this.heldBytes = 0;
    this.changed();
  }

  /** Adds one step; a metric that is absent leaves NaN, which charts draw as a gap. */
  append(step: number, metrics: StepMetrics, report?: StepReport): void {
    if (this.count === this.stepColumn.length) this.grow();
    const row = this.count++;
    this.stepColumn[row] = step;
    this.fill(row, metrics);
    if (report) {
      this.keep(step, report);
    }
    this.changed();
  }

  /** Adds values to a step that is there, as an evaluation has them later; false when there is none of that number. */
  amend(step: number, metrics: StepMetrics): boolean {
    const row = this.steps().lastIndexOf(step);
    if (row < 0) return false;
    this.fill(row, metrics);
    this.changed();
    return true;
  }

  /** Number of steps. */
  get length(): number {
    return this.count;
  }

  /** Step numbers, [length]. */
  steps(): Float64Array {
    return this.stepColumn.subarray(0, this.count);
  }

  /** Values of a metric, [length], NaN where a step has none; empty when no step has it. */
  values(key: string): Float64Array {
    return this.columns.get(key)?.subarray(0, this.count) ?? new Float64Array(0);
  }

  /** Metrics that at least one step has. */
  keys(): readonly string[] {
    return [...this.columns.keys()];
  }

  /** Bytes of the reports that are kept. */
  get reportBytes(): number {
    return this.heldBytes;
  }

  /** The full report of a step, if it is still kept. */
  report(step: number): StepReport | undefined {
    return this.reportsByStep.get(step);
  }

  /** Steps whose full report is kept, oldest first. */
  reportSteps(): readonly number[] {
    return [...this.reportsByStep.keys()];
  }

  /** Calls back after changes; returns the way to stop. */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  private keep(step: number, report: StepReport): void {
    this.drop(step);
    this.reportsByStep.set(step, report);
    const bytes = reportBytes(report);
    this.bytesByStep.set(step, bytes);
    this.heldBytes += bytes;
    for (const oldest of this.reportsByStep.keys()) {
      const isTooMuch = this.reportsByStep.size > keptReports || this.heldBytes > keptReportBytes;
      if (oldest === step || !isTooMuch) break;
      this.drop(oldest);
    }
  }

  private drop(step: number): void {
    this.reportsByStep.delete(step);
    this.heldBytes -= this.bytesByStep.get(step) ?? 0;
    this.bytesByStep.delete(step);
  }

  private fill(row: number, metrics: StepMetrics): void {
    for (const [key, value] of Object.entries(metrics)) {
      const column = this.columns.get(key) ?? new Float64Array(this.stepColumn.length).fill(Number.NaN);
      column[row] = value;
      this.columns.set(key, column);
    }
  }

  private grow(): void {
    const capacity = this.stepColumn.length * 2;
    const steps = new Float64Array(capacity);
    steps.set(this.stepColumn);
    this.stepColumn = steps;
    for (const [key, values] of this.columns) {
      const column = new Float64Array(capacity).fill(Number.NaN);
      column.set(values);
      this.columns.set(key, column);
    }
  }

  private changed(): void {
    this.version++;
    if (this.isScheduled) return;
    this.isScheduled = true;
    this.schedule(() => {
      this.isScheduled = false;
      for (const listener of this.listeners) listener();
    });
  }
}
