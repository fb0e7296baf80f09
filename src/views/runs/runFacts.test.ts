import { describe, expect, it } from "vitest";
import type { RunInfo } from "@/protocol/runs";
import { fileNameOf, originText, statusText, stepsText } from "./runFacts";

const run: RunInfo = {
  id: "a",
  name: "VPPO 1",
  note: "",
  createdAt: 0,
  updatedAt: 0,
  status: "running",
  origin: "trained",
  settings: [],
  lastStep: 7,
};

describe("a row of the runs table", () => {
  it("calls a run interrupted that is noted as running and trains nowhere", () => {
    expect(statusText(run, { trains: false, here: false })).toBe("interrupted");
    expect(statusText(run, { trains: true, here: true })).toBe("training");
    expect(statusText(run, { trains: true, here: false })).toBe("trains in another tab");
    expect(statusText({ ...run, status: "finished" }, { trains: false, here: false })).toBe("finished");
    expect(statusText({ ...run, origin: "log" }, { trains: false, here: false })).toBe("log");
  });

  it("says how far it is", () => {
    expect(stepsText(run)).toBe("7");
    expect(stepsText({ ...run, targetStep: 12 })).toBe("7 of 12");
    expect(stepsText({ ...run, targetStep: 6 })).toBe("7");
  });

  it("says where it comes from, also when that was deleted", () => {
    const fork: RunInfo = { ...run, id: "b", forkedFrom: { run: "a", step: 5 } };
    expect(originText(fork, [run, fork])).toBe("no model, from VPPO 1, step 5");
    expect(originText(fork, [fork])).toBe("no model, from a deleted run, step 5");
    expect(originText({ ...run, origin: "log" }, [])).toBe("log file");
  });

  it("has a file name that no name of a run can break", () => {
    expect(fileNameOf(run)).toBe("VPPO-1.vppo-run.zip");
    expect(fileNameOf({ ...run, name: "../../etc/passwd" })).toBe("etc-passwd.vppo-run.zip");
    expect(fileNameOf({ ...run, name: "β 運行" })).toBe("run.vppo-run.zip");
  });
});
