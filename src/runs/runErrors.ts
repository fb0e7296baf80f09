// What can go wrong with stored runs, one class per cause.

import { UserError } from "@/lib/errors";

/** The browser's storage has no room for what a run leaves behind; what was stored before is untouched. */
export class StorageFullError extends UserError {
  override readonly name = "StorageFullError";

  constructor(
    what: string,
    readonly neededBytes: number,
    estimate: StorageEstimate,
    options?: ErrorOptions,
  ) {
    super(
      what,
      `${mebibytes(neededBytes)} are needed${roomText(estimate)}`,
      "Delete old checkpoints or runs in Runs, then go on",
      options,
    );
  }
}

/** A run that is not stored, or no longer. */
export class RunMissingError extends UserError {
  override readonly name = "RunMissingError";

  constructor(id: string) {
    super(
      "The run is not there",
      `no run ${id} is stored in this browser; it may have been deleted`,
      "Choose another run, or start one",
    );
  }
}

/** A run was continued at two places, or is being trained elsewhere. */
export class RunBusyError extends UserError {
  override readonly name = "RunBusyError";

  constructor(why: string) {
    super("The run is busy", why, "Pause it there, or close that tab");
  }
}

/** Runs cannot be stored here at all. */
export class RunsUnavailableError extends UserError {
  override readonly name = "RunsUnavailableError";

  constructor(reason: string, options?: ErrorOptions) {
    super(
      "Runs are not stored",
      reason,
      "Training works without it; open the page outside a private window to keep runs",
      options,
    );
  }
}

/** A stored run or a file of one that does not read as it should. */
export class RunDataError extends UserError {
  override readonly name = "RunDataError";
}

/** Bytes as MiB with three digits. */
export function mebibytes(bytes: number): string {
  return `${Number((bytes / 2 ** 20).toPrecision(3))} MiB`;
}

function roomText({ usage, quota }: StorageEstimate): string {
  if (usage === undefined || quota === undefined) return ", and the browser grants no more";
  return `, and ${mebibytes(usage)} of the ${mebibytes(quota)} that the browser grants are used`;
}
