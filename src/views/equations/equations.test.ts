// The table of equations against the code, the documentation and the MathML that is made of it.

import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { mathTrees } from "../../../scripts/mathmlPlugin";
import { type EquationRow, equations, officialHref } from "./equations";
import type { MathNode } from "./mathNode";

const root = new URL("../../../", import.meta.url);
const docs = readFileSync(new URL("docs/maths.md", root), "utf8");
const rows = Object.entries<EquationRow>(equations);

function textsOf(node: MathNode): readonly string[] {
  return typeof node === "string" ? [node] : node.slice(2).flatMap((child) => textsOf(child as MathNode));
}

describe.each(rows)("the equation %s", (_, { latex, numbers, slots, code, paper, official, meaning }) => {
  it("is computed by an exported function or table of src/rl", async () => {
    const source = readFileSync(new URL(`src/rl/${code.file}`, root), "utf8");
    expect(source).toMatch(new RegExp(`^export (async )?(function|const) ${code.function}\\b`, "m"));
  });

  it("stands in docs/maths.md with its function, in a row that names a test which exists", () => {
    const named = new RegExp(`\`[^\`]*\\b${code.function}\\b[^\`]*\``);
    const rowsOfDocs = docs.split("\n").filter((line) => line.startsWith("|") && named.test(line));
    expect(rowsOfDocs).not.toEqual([]);
    const folder = code.file.includes("/") ? `${code.file.slice(0, code.file.lastIndexOf("/"))}/` : "";
    const tests = rowsOfDocs.flatMap((line) => [...line.matchAll(/`([\w/]+\.test\.ts)`/g)].map(([, name]) => name as string));
    const found = tests.filter((name) =>
      ["src/rl/", `src/rl/${folder}`, "src/", "src/engine/training/", "src/views/insight/"].some((place) =>
        existsSync(new URL(`${place}${name}`, root)),
      ),
    );
    expect(found).not.toEqual([]);
  });

  it("becomes MathML with one leaf per slot, and without a word of TeX", () => {
    for (const part of [...mathTrees(latex), ...mathTrees(numbers)]) {
      expect(part[0]).toBe("math");
      expect(textsOf(part).join("")).not.toMatch(/[\\$]|slot/);
    }
    const leaves = mathTrees(numbers)
      .flatMap(textsOf)
      .filter((text) => text.startsWith("@"));
    expect(new Set(leaves)).toEqual(new Set(slots.map((slot) => `@${slot}`)));
    expect(mathTrees(latex).flatMap(textsOf).join("")).not.toContain("@");
  });

  it("is explained in one sentence and says where it is from", () => {
    expect(meaning).toMatch(/^[A-Z].*\.$/s);
    if (paper !== null) expect(paper).toMatch(/^(Eq\. [1-6]|Table \d+|App\. [A-Z]|Sec\. 3)$/);
    if (official) expect(officialHref(official)).toMatch(/^https:\/\/github\.com\/huaixuheqing\/VPPO-RL\/blob\/[0-9a-f]+\/\w/);
  });
});

describe("the equations", () => {
  it("cover the numbered ones of the paper", () => {
    const papers = rows.map(([, { paper }]) => paper);
    for (const number of [1, 2, 3, 4, 5, 6]) expect(papers).toContain(`Eq. ${number}`);
  });
});
