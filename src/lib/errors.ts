// Errors a user can act on. Every failure that reaches the page is one sentence: what happened, why, what to do.

/** Base of all errors whose message is meant for the user. */
export class UserError extends Error {
  override readonly name: string = "UserError";

  /**
   * @param what What happened, without a full stop.
   * @param why The cause, as far as it is known.
   * @param todo What the user can do about it.
   */
  constructor(
    readonly what: string,
    readonly why: string,
    readonly todo: string,
    options?: ErrorOptions,
  ) {
    super(`${what}: ${why}. ${todo}.`, options);
  }
}

/** A plain, serialisable picture of any error, for the worker boundary and the status bar. */
export interface ErrorReport {
  readonly name: string;
  readonly message: string;
  /** True when the message was written for the user; false when it is an unexpected fault. */
  readonly expected: boolean;
}

/** Turns anything thrown into the sentence the page shows. */
export function describeError(error: unknown): ErrorReport {
  if (error instanceof UserError) return { name: error.name, message: error.message, expected: true };
  if (error instanceof DOMException && error.name === "AbortError") {
    return { name: "AbortError", message: "Stopped: you asked for it.", expected: true };
  }
  const text = error instanceof Error ? error.message : String(error);
  return {
    name: error instanceof Error ? error.name : "Error",
    message: `Something failed that should not have: ${text}. Reload the page; if it happens again, report it with this text.`,
    expected: false,
  };
}
