// The instruction that ends every prompt, word for word as in the official VPPO training data and evaluation.

/** The official instruction, without the blank line before it. */
export const instruction =
  "You first think through the reasoning process as an internal monologue, enclosed within <think> </think> tags. " +
  "Then, provide your final answer enclosed within \\boxed{}.";

/** What is appended to a question: a blank line and the official instruction. */
export const instructionSuffix = `\n\n${instruction}`;

/** The user's text of a prompt: the question and the official instruction. */
export function withInstruction(question: string): string {
  return question + instructionSuffix;
}
