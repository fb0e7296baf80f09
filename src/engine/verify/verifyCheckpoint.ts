// A checkpoint with a golden/ folder against this engine, on whatever backend is current: every case, the VPPO update, and what
// must hold exactly. Lines come one by one; a part that cannot run is a failed line, and the other parts still run.

import { describeError } from "@/lib/errors";
import type { VerifyLine } from "@/lib/verifyLine";
import { openSession, uniformPrecision } from "../loading/openSession";
import type { Session } from "../session";
import { checkCase } from "./caseCheck";
import { failedLine } from "./compare";
import { checkExactness } from "./exactnessCheck";
import { type GoldenCase, type GoldenCheckpoint, readGoldenCase } from "./goldenFiles";
import { checkUpdate } from "./updateCheck";

/** Verifies a checkpoint; lines are named without the checkpoint's own name. */
export async function verifyCheckpoint(golden: GoldenCheckpoint, emit: (line: VerifyLine) => void): Promise<void> {
  async function part(name: string, run: (emitPart: (line: VerifyLine) => void) => Promise<void>): Promise<void> {
    try {
      await run((line) => emit({ ...line, name: `${name} ${line.name}` }));
    } catch (error) {
      emit(failedLine(name, messageOf(error)));
    }
  }
  let session: Session;
  try {
    session = await openSession(golden.folder, "verified", { precision: uniformPrecision("f32"), gguf: golden.gguf });
  } catch (error) {
    return emit(failedLine("checkpoint", messageOf(error)));
  }
  try {
    const cases: GoldenCase[] = [];
    for (const name of golden.cases) {
      await part(name, async (emitPart) => {
        const read = await readGoldenCase(golden.folder, name);
        cases.push(read);
        await checkCase(session, read, emitPart);
      });
    }
    if (golden.hasUpdate) await part("vppo", (emitPart) => checkUpdate(session, golden.folder, emitPart));
    if (cases.length > 0) await part("exact", (emitPart) => checkExactness(session, cases, emitPart, golden.scorings));
  } finally {
    session[Symbol.dispose]();
  }
}

/** One line of text: what happened, and for unexpected faults where. */
function messageOf(error: unknown): string {
  const { message, expected } = describeError(error);
  return (expected || !(error instanceof Error) ? message : `${error.message}`).replace(/\s+/g, " ");
}
