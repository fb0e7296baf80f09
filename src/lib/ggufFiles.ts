// Which of a folder's GGUF files are the text model and which the vision tower ("mmproj", as llama.cpp and its users name it),
// told by their names alone. What is in them is formats/gguf' business.

import { UserError } from "./errors";

/** The GGUF files at hand are not one text model and one projector. */
export class GgufFilesError extends UserError {
  override readonly name = "GgufFilesError";
}

const baseName = (path: string) => path.slice(path.lastIndexOf("/") + 1);
const isSplit = (path: string) => /-\d{5}-of-\d{5}\.gguf$/i.test(path);

/** The GGUF files among `names`, sorted: text models and projectors; splits (`-00001-of-00002`) are not read and left out. */
export function ggufChoices(names: readonly string[]): { models: string[]; projectors: string[] } {
  const files = names.filter((name) => /\.gguf$/i.test(name) && !isSplit(name)).sort();
  const isProjector = (name: string) => /mmproj/i.test(baseName(name));
  return { models: files.filter((name) => !isProjector(name)), projectors: files.filter(isProjector) };
}

/**
 * The one text model and the one projector among file names.
 * @throws {GgufFilesError} when one is missing, or when there are several to choose from.
 */
export function ggufPair(names: readonly string[]): { model: string; projector: string } {
  const { models, projectors } = ggufChoices(names);
  const [model, ...otherModels] = models;
  const [projector, ...otherProjectors] = projectors;
  const what = "The GGUF files do not make one model";
  if (model === undefined) {
    const splits = names.filter(isSplit);
    throw splits.length > 0
      ? new GgufFilesError(what, `${splits.join(", ")} are parts of a split file`, "Join them with llama-gguf-split --merge")
      : new GgufFilesError(what, "there is no text model among them", "Add the model's .gguf file");
  }
  if (projector === undefined) {
    throw new GgufFilesError(
      what,
      `beside ${model} there is no vision tower`,
      "Add the file with mmproj in its name, from the same repository",
    );
  }
  if (otherModels.length > 0) {
    throw new GgufFilesError(what, `there are several text models: ${models.join(", ")}`, "Choose one of them");
  }
  if (otherProjectors.length > 0) {
    throw new GgufFilesError(what, `there are several vision towers: ${projectors.join(", ")}`, "Choose one of them");
  }
  return { model, projector };
}
