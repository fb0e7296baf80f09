// What is wrong with a GGUF file, as a sentence for the user that names the file.
import { UserError } from "@/lib/errors";

/** A GGUF file that is damaged, of a kind this program does not read, or does not fit the other file of its pair. */
export class GgufError extends UserError {
  override readonly name = "GgufError";
  constructor(
    readonly file: string,
    why: string,
    todo = "Download it again, or choose another file",
  ) {
    super(`The file "${file}" cannot be read`, why, todo);
  }
}

/** A name from a file, shortened for messages. */
export function quote(name: string): string {
  return `"${name.length > 80 ? `${name.slice(0, 80)}…` : name}"`;
}
