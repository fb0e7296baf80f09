// A training run as one HTML file that opens anywhere, offline too: charts, every metric of every step, settings with the steps from
// which they hold, and the rollouts of some steps with their dependency. Pure.
import { html, type Markup } from "@/formats/markup";
import type { RunInfo } from "@/protocol/runs";
import type { StepReport, TrainRollout } from "@/protocol/training";
import { binDomain, binsOf } from "@/ui/color/binning";
import { formatNumber } from "@/ui/formatNumber";
import type { ChartGroup, SeriesSource } from "@/views/training/charts";
import { provenanceFacts } from "./answerReport";
import { chartMarkup } from "./chartMarkup";
import type { Provenance } from "./provenance";
import { factsTable, type HashText, reportPage } from "./reportPage";

/** What a run's file is made of. */
export interface RunDocument {
  readonly name: string;
  readonly note: string;
  readonly provenance: Provenance;
  readonly settings: RunInfo["settings"];
  /** The charts as the page draws them, without smoothing. */
  readonly charts: readonly ChartGroup[];
  readonly series: SeriesSource;
  /** Reports of the steps whose rollouts are written. */
  readonly reports: readonly StepReport[];
  readonly hash: HashText;
}

/** Steps of which a file holds the rollouts: the first, the last, and one between. */
export function reportedSteps(steps: readonly number[]): readonly number[] {
  const chosen = [steps[0], steps[Math.floor((steps.length - 1) / 2)], steps.at(-1)];
  return [...new Set(chosen.filter((step) => step !== undefined))];
}

/** The document. */
export function runReport({ name, note, provenance, settings, charts, series, reports, hash }: RunDocument): Promise<string> {
  const steps = series.steps();
  const keys = series.keys().filter((key) => key !== "step");
  const body = [
    html`<h1>${name}</h1>`,
    note && html`<p>${note}</p>`,
    html`<p class="soft">${steps.length} steps. ${provenance.page.name} ${provenance.page.version}, ${provenance.exportedAt}.</p>`,
    ...charts.map(({ title, charts: inGroup }) => html`<h2>${title}</h2><div class="charts">${inGroup.map(chartMarkup)}</div>`),
    html`<h2>Numbers</h2><details><summary>All metrics, step by step</summary><div class="scroll"><table><thead><tr><th scope="col">step</th>${keys.map(
      (key) => html`<th scope="col">${key}</th>`,
    )}</tr></thead><tbody>${Array.from(
      steps,
      (step, i) =>
        html`<tr><th scope="row">${step}</th>${keys.map((key) => html`<td>${cellOf(series.values(key)[i])}</td>`)}</tr>`,
    )}</tbody></table></div></details>`,
    html`<h2>Rollouts</h2>`,
    reports.length === 0 ? html`<p class="soft">No rollouts of this run are kept.</p>` : reports.map(stepOf),
    html`<h2>Settings</h2>`,
    settings.map(
      ({ fromStep, settings: values }) =>
        html`<details><summary>From step ${fromStep}</summary>${factsTable("Names as in the code", flat(values))}</details>`,
    ),
    factsTable("Where the numbers come from", provenanceFacts(provenance)),
  ];
  return reportPage(name, body, { map: "cividis", hash });
}

function cellOf(value: number | undefined): string {
  return value === undefined || Number.isNaN(value) ? "" : formatNumber(value);
}

/** Settings by dotted names. */
function flat(value: object, path = ""): readonly (readonly [string, string])[] {
  return Object.entries(value).flatMap(([key, one]: [string, unknown]) => {
    const name = path === "" ? key : `${path}.${key}`;
    if (typeof one === "object" && one !== null && !Array.isArray(one)) return flat(one, name);
    return [[name, Array.isArray(one) ? one.join(", ") : String(one)] as const];
  });
}

function stepOf({ step, rollouts, texts }: StepReport): Markup {
  const domain = binDomain(
    rollouts.map(({ dependency }) => dependency),
    false,
  );
  return html`<h3>Step ${step}</h3><p class="soft">Colour: visual dependency in nats, up to ${formatNumber(domain.max)} and more. A line above a token: its gradient is kept.</p>${rollouts.map(
    (rollout) => {
      const bins = binsOf(rollout.dependency, domain, "linear");
      return html`<p class="soft"><bdi>${rollout.question}</bdi> · right answer <bdi>${rollout.answer}</bdi> · reward ${formatNumber(rollout.reward)} · advantage ${formatNumber(
        rollout.advantage,
      )} · α ${formatNumber(rollout.alpha)} · mean dependency ${formatNumber(rollout.meanDependency)}</p><p class="text">${tokensOf(rollout, texts, bins)}</p>`;
    },
  )}`;
}

/** Coloured where the tokens are kept, else the text as it is. */
function tokensOf(
  { tokens, text, dependency, mask }: TrainRollout,
  texts: StepReport["texts"],
  bins: Uint8Array,
): readonly Markup[] {
  if (!tokens) return [html`${text}`];
  return Array.from(tokens.ids, (id, t) => {
    const kept = (mask[t] ?? 0) > 0;
    const title = `token ${t + 1}: dependency ${formatNumber(dependency[t] ?? 0)} nats${kept ? ", kept" : ", filtered out"}`;
    return html`<span class="t b${bins[t] ?? 0}${kept ? " k" : ""}" title="${title}">${texts[id] ?? `⟨${id}⟩`}</span>`;
  });
}
