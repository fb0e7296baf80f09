// The shown answer as one HTML file that opens anywhere, offline too: pictures, question, every rollout as coloured text with its legend,
// every token's numbers, both predictions of each token, settings, and how to repeat it. Pure.
import { html, type Markup } from "@/formats/markup";
import { formatNumber } from "@/ui/formatNumber";
import { tokenLabel } from "@/ui/tokens/chunking";
import { formatFixed, formatProbability } from "@/ui/tokens/numberText";
import type { AnswerDocument, DocumentRollout, DocumentToken } from "./answerDocument";
import type { Provenance } from "./provenance";
import { factsTable, type HashText, reportPage } from "./reportPage";

/** What stands in the file besides the answer. */
export interface ReportExtras {
  /** PNG files in base64. */
  readonly image: string | null;
  readonly masked: readonly string[];
  readonly settings: readonly { readonly label: string; readonly value: string; readonly isDefault: boolean }[];
  /** The address that opens page, settings and selection again. */
  readonly link: string;
  readonly hash: HashText;
}

/** Tokens whose lists of likely tokens are written; beyond it a file would no longer open quickly. */
const mostLists = 4096;

/** The document. */
export function answerReport(document: AnswerDocument, extras: ReportExtras): Promise<string> {
  const { legend, provenance, question } = document;
  const lists = listedTokens(document);
  const body = [
    html`<h1>${question}</h1>`,
    html`<p class="soft">${document.answer === null ? "No known answer" : `Right answer: ${document.answer}`}. ${document.rollouts.length} ${document.rollouts.length === 1 ? "rollout" : "rollouts"}. ${provenance.page.name} ${provenance.page.version}, ${provenance.exportedAt}.</p>`,
    pictures(extras),
    html`<h2>Answers</h2>`,
    html`<p>Colour: ${legend.label}${legend.unit ? ` in ${legend.unit}` : ""}, ${legend.scale} scale. ${legend.help} A line above a token: its gradient is kept. Point at a token for its numbers, follow it to its row.</p>`,
    legendOf(document),
    ...document.rollouts.map((rollout, i) => rolloutOf(rollout, i, lists)),
    lists === null
      ? ""
      : html`<p class="soft">The lists of likely tokens are those of the ${mostLists} tokens that depend most on the picture.</p>`,
    html`<h2>Settings</h2>`,
    ...settingsOf(document, extras),
    html`<h2>How to repeat it</h2>`,
    repeatOf(document, extras),
  ];
  return reportPage(question, body, { map: legend.map, hash: extras.hash });
}

/** The least dependency of a token whose lists are written; null when all are. */
function listedTokens({ rollouts }: AnswerDocument): number | null {
  const all = rollouts.flatMap(({ tokens }) => tokens.map(({ dependency }) => dependency));
  if (all.length <= mostLists) return null;
  return all.sort((a, b) => b - a)[mostLists - 1] ?? 0;
}

function pictures({ image, masked }: ReportExtras): Markup {
  return html`<div class="pictures">${image && figure(image, "What the model saw")}${masked.map((one, i) =>
    figure(one, masked.length > 1 ? `Masked for rollout ${i + 1}` : "Masked"),
  )}</div>`;
}

function figure(png: string, caption: string): Markup {
  return html`<figure><img alt="${caption}" src="data:image/png;base64,${png}"><figcaption>${caption}</figcaption></figure>`;
}

function legendOf({ legend }: AnswerDocument): Markup {
  return html`<p class="legend" role="img" aria-label="${legend.label}: from ${formatNumber(legend.ends[0] ?? 0)} to ${formatNumber(
    legend.ends.at(-1) ?? 0,
  )} ${legend.unit} and more">${legend.ends.map((end, bin) => html`<span class="b${bin}">${formatNumber(end)}</span>`)}</p>`;
}

function rolloutOf(rollout: DocumentRollout, index: number, least: number | null): Markup {
  const { tokens, reward, rewardSource, advantage, alpha, meanDependency } = rollout;
  const facts = [
    `reward ${rewardSource === "unknown" ? "unknown" : formatNumber(reward)}${rewardSource === "edited" ? " (set by hand)" : ""}`,
    advantage === null ? null : `advantage ${formatNumber(advantage)}`,
    alpha === null ? null : `α ${formatNumber(alpha)}`,
    meanDependency === null || Number.isNaN(meanDependency) ? null : `mean dependency ${formatNumber(meanDependency)}`,
    `${tokens.filter(({ kept }) => kept).length} of ${tokens.length} tokens kept`,
  ].filter((fact) => fact !== null);
  return html`<h3>Rollout ${index + 1}</h3>
<p class="soft">${facts.join(" · ")}</p>
<p class="text">${tokens.map(
    (token, t) =>
      html`<a class="t b${token.colour}${token.kept ? " k" : ""}" href="#r${index}t${t}" title="${titleOf(token, t)}">${token.text}</a>`,
  )}</p>
<details><summary>All tokens of rollout ${index + 1}, with both predictions</summary><div class="scroll"><table>
<thead><tr><th scope="col">#</th><th scope="col" class="left">token</th><th scope="col">id</th><th scope="col">S</th><th scope="col">KL</th><th scope="col">JSD</th><th scope="col">log p</th><th scope="col">log p masked</th><th scope="col">entropy</th><th scope="col">entropy masked</th><th scope="col">top-1 drop</th><th scope="col">kept</th><th scope="col">A·α·m</th><th scope="col" class="left">likely tokens</th></tr></thead>
<tbody>${tokens.map((token, t) => rowOf(token, index, t, least))}</tbody>
</table></div></details>`;
}

function titleOf(token: DocumentToken, t: number): string {
  const kept = token.kept === null ? "" : token.kept ? ", kept" : ", filtered out";
  return `token ${t + 1}: S ${formatNumber(token.dependency)}, KL ${formatNumber(token.kl)} nats, log p ${formatFixed(token.logp, 3)}, masked ${formatFixed(token.logpMasked, 3)}, entropy ${formatFixed(token.entropy, 3)}${kept}`;
}

function rowOf(token: DocumentToken, index: number, t: number, least: number | null): Markup {
  const numbers = [
    token.dependency,
    token.kl,
    token.jsd,
    token.logp,
    token.logpMasked,
    token.entropy,
    token.entropyMasked,
    token.top1Drop,
  ];
  return html`<tr id="r${index}t${t}"><td>${t + 1}</td><td class="left"><span class="token">${tokenLabel(token.text)}</span></td><td>${token.id}</td>${numbers.map(
    (value) => html`<td>${formatNumber(value)}</td>`,
  )}<td>${token.kept === null ? "–" : token.kept ? "●" : ""}</td><td>${token.weight === null ? "–" : formatNumber(token.weight)}</td><td class="left">${
    least === null || token.dependency >= least ? pairsOf(token) : ""
  }</td></tr>`;
}

const barWidth = 100;

function pairsOf({ pairs, kl }: DocumentToken): Markup {
  return html`<details><summary>${pairs.rows.length} tokens</summary><table><thead><tr><th scope="col">token</th><th scope="col" class="left">P with the picture, masked</th><th scope="col">picture</th><th scope="col">masked</th><th scope="col">p·(log p − log q)</th></tr></thead><tbody>${pairs.rows.map(
    (row) =>
      html`<tr><th scope="row"><span class="token">${tokenLabel(row.text)}</span>${row.sampled && " ←"}</th><td class="left">${bars(row.probability, row.probabilityMasked)}</td><td>${formatProbability(row.probability)}</td><td>${formatProbability(row.probabilityMasked)}</td><td>${formatFixed(row.contribution, 4)}</td></tr>`,
  )}<tr class="tail"><th scope="row">all other</th><td class="left">${bars(pairs.tail.probability, pairs.tail.probabilityMasked)}</td><td>${formatProbability(pairs.tail.probability)}</td><td>${formatProbability(pairs.tail.probabilityMasked)}</td><td>${formatFixed(pairs.tail.contribution, 4)}</td></tr><tr><th scope="row">KL, the sum</th><td></td><td></td><td></td><td>${formatFixed(kl, 4)}</td></tr></tbody></table></details>`;
}

function bars(image: number, masked: number): Markup {
  const width = (value: number) => formatBar(Math.min(1, Math.max(0, value)) * barWidth);
  return html`<svg width="${barWidth}" height="14" viewBox="0 0 ${barWidth} 14" aria-hidden="true"><rect y="1" width="${width(image)}" height="5" fill="currentColor"/><rect y="8.5" width="${width(masked)}" height="4" fill="none" stroke="currentColor"/></svg>`;
}

const formatBar = (value: number) => value.toFixed(1);

function settingsOf(document: AnswerDocument, { settings }: ReportExtras): readonly Markup[] {
  const { provenance, writtenBy, source } = document;
  return [
    factsTable("Where the numbers come from", [
      ...provenanceFacts(provenance),
      ["Answer", source],
      ["Written by", writtenBy ?? "not known"],
    ]),
    html`<details><summary>All settings</summary>${factsTable(
      "Settings when it was exported; a dot marks those that are not the default",
      settings.map(({ label, value, isDefault }) => [isDefault ? label : `● ${label}`, value]),
    )}</details>`,
    html`<details><summary>The update's own settings</summary>${factsTable(
      "Names as in the code",
      Object.entries(document.policy).map(([name, value]) => [name, html`<code>${JSON.stringify(value)}</code>`]),
    )}</details>`,
  ];
}

/** The rows about page, model and device that every report has. */
export function provenanceFacts({
  page,
  exportedAt,
  model,
  device,
  seed,
  sample,
}: Provenance): readonly (readonly [string, string])[] {
  return [
    ["Page", `${page.name} ${page.version}`],
    ["Exported", exportedAt],
    ["Model", model ? `${model.name} (${model.family}), ${model.precision}` : "none was loaded"],
    ["From", model?.source ?? "–"],
    ["Adapter", model?.adapter ?? "–"],
    ["Device", device ?? "–"],
    ["Seed", String(seed)],
    ["Sample", sample ?? "–"],
  ];
}

function repeatOf(document: AnswerDocument, { link }: ReportExtras): Markup {
  return html`<ol>
<li>Open <code>${link}</code>: it sets every knob above.</li>
<li>Load the model named above with the same number formats; ${document.provenance.sample === null ? "choose the picture and type the question of this file (the page saves and opens them as a file, too)" : "the sample is in the link"}.</li>
<li>Press Ask. With the same seed, model and device the tokens and numbers are the same.</li>
<li>A token's numbers with PyTorch: “Python snippet” in the page's export menus.</li>
</ol>`;
}
