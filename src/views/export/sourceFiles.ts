// The files of an export source: its figure as SVG and PNG, its numbers as CSV and JSON. What a source has it says by itself.
import { writeCsv } from "@/formats/csv";
import { plainJson } from "@/formats/plainJson";
import { UserError } from "@/lib/errors";
import type { ExportSource } from "@/state/exportSources";
import { elementSvg } from "./elementSvg";
import { type ExportFile, fileNamePart, textFile } from "./exportFile";
import { provenance } from "./provenance";
import { pngOf } from "./rasterize";

/** Kinds of files, in the order of the menus. */
export const fileKinds = ["SVG", "PNG", "CSV", "JSON"] as const;
export type FileKind = (typeof fileKinds)[number];

/** There is nothing to export at the moment. */
export class NothingShownError extends UserError {
  override readonly name = "NothingShownError";
  constructor(title: string) {
    super(`${title} was not exported`, "it is not drawn at the moment", "Show it, then export it");
  }
}

/** The kinds a source has. */
export function kindsOf({ figure, table, json }: ExportSource): readonly FileKind[] {
  return fileKinds.filter((kind) => (kind === "CSV" ? table : kind === "JSON" ? (json ?? table) : figure));
}

/** One file of a source; throws NothingShownError or PictureError. */
export async function sourceFile(source: ExportSource, kind: FileKind): Promise<ExportFile> {
  const name = `vppo-${fileNamePart(source.id)}.${kind.toLowerCase()}`;
  switch (kind) {
    case "CSV":
      return textFile(name, writeCsv(source.table?.() ?? { columns: [], rows: [] }), "text/csv");
    case "JSON":
      return textFile(name, sourceJson(source), "application/json");
    case "SVG":
      return textFile(name, drawn(source).text, "image/svg+xml");
    case "PNG":
      return { name, blob: await pngOf(drawn(source)) };
    default:
      return kind satisfies never;
  }
}

function sourceJson({ id, title, json, table }: ExportSource): string {
  const { page, exportedAt, ...rest } = provenance();
  return plainJson({
    format: `vppo-playground/${fileNamePart(id)}`,
    version: 1,
    title,
    page,
    exportedAt,
    ...rest,
    data: json ? json() : table?.(),
  });
}

function drawn({ title, figure }: ExportSource) {
  const element = figure?.();
  if (!element) throw new NothingShownError(title);
  const { page, exportedAt } = provenance();
  return elementSvg(element, { title, description: `${page.name} ${page.version}, ${exportedAt}` });
}
