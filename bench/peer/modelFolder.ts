// Writes a model of the peer bench as a folder in Hugging Face layout, once; modelContent.ts says what is in it, buildModels.py makes
// the ONNX files from it.

import { createWriteStream, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { finished } from "node:stream/promises";
import { peerWeights, smallFiles, weightFile } from "./modelContent";
import { peerPicture } from "./picture";
import { type PeerSize, pictureIds, referenceContexts, referenceTokens } from "./sizes";

/** Changes when the written files or those of buildModels.py change, so that folders of an older form are written anew. */
const formVersion = 3;

/** What the Python side and `hasModelFolder` read. */
const benchFile = (size: PeerSize) => ({
  form: formVersion,
  size,
  contexts: referenceContexts,
  referenceTokens,
  pictureIds: [...pictureIds(size)],
});

/** True when the folder is there as it would be written now. */
export function hasModelFolder(folder: string, size: PeerSize): boolean {
  const file = join(folder, "bench.json");
  return existsSync(file) && readFileSync(file, "utf8") === JSON.stringify(benchFile(size));
}

/** Writes the folder anew; the weight file piece by piece, without being held in memory. */
export async function writeModelFolder(folder: string, size: PeerSize): Promise<void> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const [name, content] of Object.entries(smallFiles(size))) {
    writeFileSync(join(folder, name), typeof content === "string" ? content : JSON.stringify(content));
  }
  writeFileSync(join(folder, "picture.rgb"), peerPicture(size.tower.imageSize).data);
  const file = createWriteStream(join(folder, "model.safetensors"));
  for (const piece of weightFile(peerWeights(size))) {
    if (!file.write(piece)) await new Promise<void>((resolve) => file.once("drain", () => resolve()));
  }
  file.end();
  await finished(file);
  // Last: a folder with this file is whole.
  writeFileSync(join(folder, "bench.json"), JSON.stringify(benchFile(size)));
}
