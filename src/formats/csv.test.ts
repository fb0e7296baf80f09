import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { writeCsv } from "./csv";

/** A reader by the letter of RFC 4180, to read back what was written. */
function readCsv(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let at = 0;
  while (at < text.length) {
    let value = "";
    if (text[at] === '"') {
      at++;
      while (text[at] !== '"' || text[at + 1] === '"') {
        if (text[at] === '"') at++;
        value += text[at++];
      }
      at++;
    } else {
      while (text[at] !== "," && text.slice(at, at + 2) !== "\r\n") value += text[at++];
    }
    row.push(value);
    if (text[at] === ",") at++;
    else {
      rows.push(row);
      row = [];
      at += 2;
    }
  }
  return rows;
}

describe("CSV", () => {
  it("quotes what RFC 4180 asks for and ends every record with CRLF", () => {
    const rows = [
      ['say "hi"', 1],
      ["a,b", -2.5],
      ["two\r\nlines", 1e-9],
    ] as const;
    expect(writeCsv({ columns: ["text", "kl_nats"], rows })).toBe(
      'text,kl_nats\r\n"say ""hi""",1\r\n"a,b",-2.5\r\n"two\r\nlines",1e-9\r\n',
    );
  });

  it("keeps spreadsheets from taking text for formulas, and leaves negative numbers numbers", () => {
    const texts = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", '=HYPERLINK("http://x")', "＝1", " =1", "a=1"];
    const cells = readCsv(writeCsv({ columns: ["x"], rows: texts.map((text) => [text]) }))
      .slice(1)
      .map(([text]) => text);
    expect(cells).toEqual([
      "'=1+1",
      "'+1",
      "'-1",
      "'@SUM(A1)",
      "'\t=1",
      "'\r=1",
      '\'=HYPERLINK("http://x")',
      "'＝1",
      " =1",
      "a=1",
    ]);
    expect(writeCsv({ columns: ["x"], rows: [[-1]] })).toBe("x\r\n-1\r\n");
  });

  it("gives any text back, but for the apostrophe before a formula", () => {
    const text = fc.string({ unit: "grapheme", maxLength: 20 });
    fc.assert(
      fc.property(fc.array(fc.array(text, { minLength: 2, maxLength: 2 }), { minLength: 1 }), (rows) => {
        const read = readCsv(writeCsv({ columns: ["a", "b"], rows })).slice(1);
        const unguarded = read.map((row) => row.map((one) => one.replace(/^'(?=[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20])/, "")));
        const known = rows.map((row) => row.map((one) => one.replace(/^'(?=[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20])/, "")));
        expect(unguarded).toEqual(known);
      }),
    );
  });
});
