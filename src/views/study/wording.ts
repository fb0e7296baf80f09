// A study in words: what its intervals allow to say, what each plot shows, how long it takes. Everything follows from the data. Pure.
import type { Estimate } from "@/rl/evaluation";
import type { ArmSummary } from "@/study/results";

/** Per cent with one decimal and without the sign: "72.4", "−3.1"; a dash where nothing was measured. */
export function percentText(share: number): string {
  return Number.isNaN(share)
    ? "–"
    : (100 * share)
        .toFixed(1)
        .replace(/^-(?=0\.0$)/, "")
        .replace("-", "−");
}

/** Percentage points with their sign: "+4.1". */
export function pointsText(difference: number): string {
  const text = percentText(difference);
  return difference > 0 && text !== "0.0" && text !== "–" ? `+${text}` : text;
}

/** "7.4". */
export function stepsText(steps: number): string {
  return Number.isNaN(steps) ? "–" : steps.toFixed(1);
}

/** "from 69.8 to 75.0"; null without an interval. */
export function rangeText({ low, high }: Pick<Estimate, "low" | "high">, format: (value: number) => string): string | null {
  return Number.isNaN(low) || Number.isNaN(high) ? null : `${format(low)} to ${format(high)}`;
}

type Difference = Omit<ArmSummary, "againstFirst"> & { readonly againstFirst: NonNullable<ArmSummary["againstFirst"]> };

/** A row's name outside its table: "k = 0.2" for the row "0.2" of the table "k, at β_min = 0.9". */
export function rowName(table: string, label: string): string {
  return /^\d/.test(label) ? `${table.split(",")[0]} = ${label}` : label;
}

/** What a table's intervals allow to say about its rows against the first one. */
export function verdictOf(table: string, summaries: readonly ArmSummary[]): string {
  const rows = summaries.map((row) => ({ ...row, label: rowName(table, row.label) }));
  const first = rows[0];
  if (!first || rows.length < 2) return "There is nothing to compare with.";
  const compared = rows.filter((row): row is Difference => row.againstFirst !== null && row.againstFirst.problems > 1);
  if (compared.length === 0) {
    return `Too few runs to compare: an interval needs two seeds of ${first.label} and of another row.`;
  }
  const isClear = ({ againstFirst: { low, high } }: Difference) => low > 0 || high < 0;
  const clear = compared.filter(isClear);
  const unclear = compared.filter((row) => !isClear(row));
  const parts = clear.map((row) => differenceText(row, first.label));
  if (unclear.length > 0) {
    const open = Math.max(...unclear.flatMap(({ againstFirst: { low, high } }) => [-low, high]));
    const many = unclear.length > 1;
    const who =
      clear.length === 0
        ? compared.length === 1
          ? `${compared[0]?.label} does not differ from ${first.label} by more than its interval`
          : `No row differs from ${first.label} by more than its interval`
        : `${many ? "The other compared rows do" : `${unclear[0]?.label} does`} not differ from ${first.label} by more than ${many ? "their intervals" : "its interval"}`;
    parts.push(
      `${who}: what is seen may be chance, and a true difference of up to ${percentText(open)} points is not ruled out.`,
    );
  }
  const missing = rows.slice(1).filter((row) => !compared.some(({ arm }) => arm === row.arm));
  if (missing.length > 0) parts.push(`${listText(missing.map(({ label }) => label))}: too few runs to compare.`);
  if (clear.length > 0 && compared.length > 1) {
    parts.push(`Each interval is for its comparison alone: with ${compared.length} of them, one may exclude 0 by chance.`);
  }
  return parts.join(" ");
}

/** "DAPO is 4.1 points lower than VPPO (95 %: 1.2 to 7.0, 5 seeds)." */
function differenceText({ label, againstFirst: { difference, low, high, problems } }: Difference, first: string): string {
  const [way, near, far] = difference < 0 ? (["lower", -high, -low] as const) : (["higher", low, high] as const);
  const range = `95 %: ${percentText(near)} to ${percentText(far)}, ${problems} seeds`;
  return `${label} is ${percentText(Math.abs(difference))} points ${way} than ${first} (${range}).`;
}

/** What a plot says to someone who does not see it: each row with its mean and interval. */
export function plotSentence(
  title: string,
  rows: readonly { readonly label: string; readonly value: number; readonly low: number; readonly high: number }[],
  format: (value: number) => string,
): string {
  const parts = rows.map((row) => {
    const range = rangeText(row, format);
    const value = Number.isNaN(row.value) ? "not measured" : format(row.value);
    return `${row.label} ${value}${range ? ` (95 %: ${range})` : ""}`;
  });
  return `${title}. ${parts.join("; ")}`;
}

/** "12 of 51 runs". */
export function runsText(done: number, total: number): string {
  return done === total ? `${total} ${total === 1 ? "run" : "runs"}` : `${done} of ${total} runs`;
}

/** "40 s", "3 min", "1 h 20 min". */
export function durationText(seconds: number): string {
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 90 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** "VPPO, DAPO and GRPO". */
export function listText(words: readonly string[]): string {
  return words.length < 2 ? (words[0] ?? "") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
}
