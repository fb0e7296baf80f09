// The one error of building prompts, shared by all model families.
import { UserError } from "@/lib/errors";

/** The prompt does not fit the model. */
export class PromptError extends UserError {
  override readonly name = "PromptError";
}
