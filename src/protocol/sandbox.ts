// Grading with the user's own function: the engine asks, a sandbox without network or page answers (`client/rewardSandbox.ts`).

/** One answer to grade. */
export interface RewardInput {
  readonly text: string;
  readonly answer: string;
  readonly question: string;
  readonly family: string;
}

export interface RewardBatch {
  readonly id: number;
  /** TypeScript or JavaScript whose default export, or function named `reward`, takes a RewardInput and gives a number. */
  readonly source: string;
  readonly inputs: readonly RewardInput[];
}

/** Why the function could not be used: a sentence, with the line where it is known. */
export interface RewardFailure {
  readonly message: string;
  /** 1-based, in the user's source. */
  readonly line?: number;
  /** Index of the input it failed on. */
  readonly input?: number;
}

export type RewardAnswer =
  | { readonly id: number; readonly rewards: readonly number[] }
  | { readonly id: number; readonly failure: RewardFailure };
