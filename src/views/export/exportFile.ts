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
    .replace(/\p{M}/gu, "")
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

/** Kinds that are packed already. */
const packed = /\.(png|zip|safetensors|bin)$/;
const pieceBytes = 256 * 1024;

/**
 * Files as one zip; of two files with one name the later one gets a number. Piece by piece with pauses, because the page goes on meanwhile
 * (fflate's own workers come from blob addresses, which the page's policy forbids).
 */
export async function zipFile(name: string, files: readonly ExportFile[]): Promise<ExportFile> {
  const { Zip, ZipDeflate, ZipPassThrough } = await import("fflate");
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let fault: unknown;
  const zip = new Zip((error, chunk) => {
    fault ??= error;
    chunks.push(new Uint8Array(chunk));
  });
  const taken = new Set<string>();
  for (const { name: wanted, blob } of files) {
    let path = wanted;
    for (let n = 2; taken.has(path); n++) path = wanted.replace(/(\.[a-z0-9]+)?$/, `-${n}$1`);
    taken.add(path);
    const part = packed.test(path) ? new ZipPassThrough(path) : new ZipDeflate(path, { level: 6 });
    zip.add(part);
    for (let at = 0; at < blob.size; at += pieceBytes) {
      part.push(new Uint8Array(await blob.slice(at, at + pieceBytes).arrayBuffer()), at + pieceBytes >= blob.size);
      await new Promise((resolve) => setTimeout(resolve));
    }
    if (blob.size === 0) part.push(new Uint8Array(), true);
  }
  zip.end();
  if (fault) throw fault;
  return { name, blob: new Blob(chunks, { type: "application/zip" }) };
}

/** Saves one file as it is, several as a zip of the given name. */
export async function saveFiles(zipName: string, files: readonly ExportFile[]): Promise<void> {
  const [first] = files;
  const file = files.length === 1 && first ? first : await zipFile(zipName, files);
  saveFile(file.name.split("/").at(-1) ?? file.name, file.blob);
}
