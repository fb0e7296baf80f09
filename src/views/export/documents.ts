// THE table of whole things that can be exported, beside the figures and tables that views offer (`state/exportSources.ts`): the answer, the
// run, the step, the model's adapter, settings, pictures, and everything at once. A row is a line of the menus and of the command sheet.
import { answerHeader, answerTokens, baselineSeries, trainingSeries } from "@/client/live";
import { plainJson } from "@/formats/plainJson";
import { encodePng } from "@/image/pngEncode";
import type { RgbImage } from "@/image/rgbImage";
import { toBase64 } from "@/lib/base64";
import type { StepReport } from "@/protocol/training";
import { type ExportSource, useExports } from "@/state/exportSources";
import { saveAdapter } from "@/state/models/modelJob";
import { currentHash } from "@/state/persist";
import { useBaseline } from "@/state/runs/logRuns";
import { useRuns } from "@/state/runs/runs";
import { runFile } from "@/state/runs/runsJobs";
import { useStore } from "@/state/store";
import { fileNameOf } from "@/views/runs/runFacts";
import { adapterBlobs } from "@/views/training/adapterFiles";
import { chartGroupsOf, runToCsv } from "@/views/training/charts";
import { logFilesOf } from "@/views/training/logFiles";
import { answerDocument } from "./answerDocument";
import { answerReport } from "./answerReport";
import { copyLink, currentLink } from "./copyLink";
import { type ExportFile, fileNamePart, saveFiles, textFile, zipFile } from "./exportFile";
import { provenance, settingRows } from "./provenance";
import type { HashText } from "./reportPage";
import { reportedSteps, runReport } from "./runReport";
import { savedViewEnding, writeSavedView } from "./savedView";
import { snippetToken, snippetZip } from "./snippetFile";
import { kindsOf, sourceFile } from "./sourceFiles";
import { stepDocument } from "./stepDocument";

/** One whole thing that can be exported. */
export interface ExportDocument {
  readonly id: string;
  /** As in a menu: "Answer as one HTML file". */
  readonly title: string;
  /** Panels whose menus hold it; ids of `app/panels.ts`. */
  readonly panels: readonly string[];
  /** Whether there is anything of it now. */
  readonly isThere: () => boolean;
  readonly run: () => Promise<void>;
}

const answerPanels = ["answer", "distribution", "inspector"];
const runPanels = ["charts", "runs", "rollouts", "insight"];

/** Every row, in the order of the menus. */
export const documents: readonly ExportDocument[] = [
  row("answer-html", "Answer as one HTML file", answerPanels, hasAnswer, async () => save(await answerHtml())),
  row("answer-json", "Answer as JSON", answerPanels, hasAnswer, async () => save(answerJson())),
  row(
    "snippet",
    "Python snippet of the token (zip)",
    answerPanels,
    () => snippetToken() !== null,
    async () => saveFiles("x", [await zipFile("vppo-python.zip", await snippetZip())]),
  ),
  row(
    "picture",
    "Picture as PNG",
    ["prompt"],
    () => useStore.getState().input.image !== null,
    async () => {
      const { image } = useStore.getState().input;
      if (image) save(await pictureFile("vppo-picture.png", image));
    },
  ),
  row(
    "seen",
    "What the model saw, with its masked twins",
    ["prompt", "answer"],
    () => Boolean(answerHeader()?.image),
    async () => saveFiles("vppo-pictures.zip", await answerPictures()),
  ),
  row("run-html", "Run as one HTML file", runPanels, hasRun, async () => save(await runHtml())),
  row("run-csv", "Run as CSV", runPanels, hasRun, async () => {
    const run = shownRun();
    if (run) save(textFile("vppo-run.csv", runToCsv(run.series), "text/csv"));
  }),
  row("run-log", "Run as experiment log (JSONL)", runPanels, hasRun, async () => {
    const run = shownRun();
    if (run) await saveFiles("vppo-log.zip", logFilesOf(run.series, run.name, run.info?.settings.at(-1)?.settings));
  }),
  row(
    "run-zip",
    "Run with states and rollouts (zip)",
    runPanels,
    () => useRuns.getState().open !== null,
    async () => {
      const info = shownRun()?.info;
      const blob = info && (await runFile(info.id));
      if (info && blob) save({ name: fileNameOf(info), blob });
    },
  ),
  row(
    "step-json",
    "Step as JSON, with the functions that compute it",
    ["step", "rollouts", "charts"],
    () => shownReport() !== undefined,
    async () => {
      const report = shownReport();
      if (report) save(textFile(`vppo-step-${report.step}.json`, plainJson(stepDocument(report)), "application/json"));
    },
  ),
  row("adapter", "Adapter (LoRA safetensors)", ["charts", "runs"], hasModel, async () => {
    const files = await saveAdapter();
    if (files) await saveFiles("vppo-adapter.zip", adapterBlobs(files));
  }),
  row(
    "settings",
    "Settings as JSON",
    ["settings", "prompt"],
    () => true,
    async () =>
      save(
        textFile(
          "vppo-settings.json",
          plainJson({ format: "vppo-playground/settings", version: 1, ...provenance() }),
          "application/json",
        ),
      ),
  ),
  row("link", "Copy a link to this view", [], () => true, copyLink),
  row(
    "view",
    "Save this view as a file",
    ["prompt", "answer"],
    () => true,
    async () => {
      save(textFile(`vppo-view${savedViewEnding}`, await writeSavedView(currentHash()), "application/json"));
    },
  ),
  row(
    "everything",
    "Everything on the page (zip)",
    [],
    () => true,
    async () => save(await everything()),
  ),
];

function row(
  id: string,
  title: string,
  panels: readonly string[],
  isThere: () => boolean,
  job: () => Promise<void>,
): ExportDocument {
  const run = async () => {
    try {
      await job();
    } catch (error) {
      useStore.getState().fail(error);
    }
  };
  return { id, title, panels, isThere, run };
}

/** Saves one file of a source; failures end in the status bar. */
export async function exportSource(source: ExportSource, kind: ReturnType<typeof kindsOf>[number]): Promise<void> {
  try {
    save(await sourceFile(source, kind));
  } catch (error) {
    useStore.getState().fail(error);
  }
}

const save = (file: ExportFile) => void saveFiles(file.name, [file]);

function hasAnswer(): boolean {
  return answerHeader() !== null && answerTokens.rolloutCount > 0;
}

function hasModel(): boolean {
  return useStore.getState().model.status === "ready";
}

function hasRun(): boolean {
  return shownRun() !== null;
}

/** The run of the page, or the recorded one while there is none. */
function shownRun() {
  const { open, runs } = useRuns.getState();
  const info = runs?.find(({ id }) => id === open?.id);
  if (trainingSeries.length > 0) return { name: info?.name ?? "Run", info, series: trainingSeries };
  return baselineSeries.length > 0 ? { name: useBaseline.getState().name, info: undefined, series: baselineSeries } : null;
}

function shownReport(): StepReport | undefined {
  const { step } = useStore.getState();
  return trainingSeries.report(step ?? trainingSeries.reportSteps().at(-1) ?? -1);
}

/** SHA-256 by the browser; pages that are not secure have none. */
const hash: HashText = async (text) => {
  if (!globalThis.crypto?.subtle) return null;
  return toBase64(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text))));
};

async function answerHtml(): Promise<ExportFile> {
  const document = answerDocument();
  const png = async (image: RgbImage) => toBase64(await encodePng(image));
  const text = await answerReport(document, {
    image: document.image && (await png(document.image)),
    masked: await Promise.all(document.masked.map(png)),
    settings: settingRows(document.provenance.settings),
    link: currentLink(),
    hash,
  });
  return textFile(`vppo-answer-${fileNamePart(document.question)}.html`, text, "text/html");
}

function answerJson(): ExportFile {
  const { provenance: from, image, masked, ...answer } = answerDocument();
  const size = (picture: RgbImage) => ({ width: picture.width, height: picture.height });
  const data = { ...answer, image: image && size(image), masked: masked.map(size) };
  return textFile(
    "vppo-answer.json",
    plainJson({ format: "vppo-playground/answer", version: 1, ...from, data }),
    "application/json",
  );
}

async function pictureFile(name: string, image: RgbImage): Promise<ExportFile> {
  return { name, blob: new Blob([await encodePng(image)], { type: "image/png" }) };
}

async function answerPictures(): Promise<readonly ExportFile[]> {
  const header = answerHeader();
  const masked = header?.masked ?? [];
  return Promise.all([
    ...(header?.image ? [pictureFile("picture.png", header.image)] : []),
    ...masked.map((picture, i) => pictureFile(masked.length > 1 ? `masked-${i + 1}.png` : "masked.png", picture)),
  ]);
}

async function runHtml(): Promise<ExportFile> {
  const run = shownRun();
  const series = run?.series ?? baselineSeries;
  const name = run?.name ?? "Run";
  const charts = chartGroupsOf([{ id: "run", name, series, colour: 0, dashed: false }], 0);
  const reports = reportedSteps(series.reportSteps()).flatMap((step) => series.report(step) ?? []);
  const { settings = [], note = "" } = run?.info ?? {};
  const text = await runReport({ name, note, provenance: provenance(), settings, charts, series, reports, hash });
  return textFile(`vppo-run-${fileNamePart(name)}.html`, text, "text/html");
}

/** All sources in all their kinds, the answer, the run, the settings; what cannot be made is named in a list. */
async function everything(): Promise<ExportFile> {
  const { notify, dismiss } = useStore.getState();
  const told = "Everything on the page is being packed into one file.";
  notify("notice", told);
  try {
    return await packed();
  } finally {
    const message = useStore.getState().messages.find(({ text }) => text === told);
    if (message) dismiss(message.id);
  }
}

async function packed(): Promise<ExportFile> {
  const files: ExportFile[] = [];
  const left: string[] = [];
  const add = async (name: string, make: () => Promise<ExportFile> | ExportFile, folder = "") => {
    try {
      const file = await make();
      files.push({ ...file, name: `${folder}${file.name}` });
    } catch (error) {
      left.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  for (const source of useExports.getState().sources) {
    for (const kind of kindsOf(source))
      await add(`${source.title}, ${kind}`, () => sourceFile(source, kind), `${fileNamePart(source.panel)}/`);
  }
  if (hasAnswer()) {
    await add("Answer as HTML", answerHtml);
    await add("Answer as JSON", answerJson);
    for (const picture of await answerPictures()) files.push({ ...picture, name: `pictures/${picture.name}` });
  }
  const run = shownRun();
  if (run) {
    await add("Run as HTML", runHtml);
    await add("Run as CSV", () => textFile("vppo-run.csv", runToCsv(run.series), "text/csv"));
  }
  const report = shownReport();
  if (report)
    await add("Step", () => textFile(`vppo-step-${report.step}.json`, plainJson(stepDocument(report)), "application/json"));
  await add("View", async () => textFile(`vppo-view${savedViewEnding}`, await writeSavedView(currentHash()), "application/json"));
  const listed = {
    format: "vppo-playground/everything",
    version: 1,
    ...provenance(),
    files: files.map(({ name }) => name),
    leftOut: left,
  };
  files.push(textFile("contents.json", plainJson(listed), "application/json"));
  return zipFile("vppo-everything.zip", files);
}
