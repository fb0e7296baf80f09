// A file that is handed to the user, and several as one zip. Names come from titles, so everything a file system may not like goes.
import { saveFile } from "@/ui/saveFile";

/** A file to save. */
export interface ExportFile {
  readonly name: string;
  readonly blob: Blob;
}

/** A part of a file's name: letters, digits and dashes, never empty, at most 60 characters. */
export function fileNamePart(text: string): string {
  const part = text
    .normalize("NFKD")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .slice(0, 60)
    .replace(/^-+|-+$/g, "");
  return part === "" ? "export" : part;
}

/** A file of text. */
export function textFile(name: string, text: string, type: string): ExportFile {
  return { name, blob: new Blob([text], { type: `${type};charset=utf-8` }) };
}

/** Files as one zip; of two files with one name the later one gets a number. */
export async function zipFile(name: string, files: readonly ExportFile[]): Promise<ExportFile> {
  const { zip } = await import("fflate");
  const parts: Record<string, Uint8Array> = {};
  for (const { name: wanted, blob } of files) {
    let path = wanted;
    for (let n = 2; Object.hasOwn(parts, path); n++) path = wanted.replace(/(\.[a-z0-9]+)?$/, `-${n}$1`);
    parts[path] = new Uint8Array(await blob.arrayBuffer());
  }
  const bytes = await new Promise<Uint8Array>((resolve, reject) => {
    zip(parts, { level: 6 }, (error, data) => (error ? reject(error) : resolve(data)));
  });
  return { name, blob: new Blob([new Uint8Array(bytes)], { type: "application/zip" }) };
}

/** Saves one file as it is, several as a zip of the given name. */
export async function saveFiles(zipName: string, files: readonly ExportFile[]): Promise<void> {
  const [first] = files;
  const file = files.length === 1 && first ? first : await zipFile(zipName, files);
  saveFile(file.name.split("/").at(-1) ?? file.name, file.blob);
}
