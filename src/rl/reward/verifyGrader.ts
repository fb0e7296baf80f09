// Recomputes a file of graded answers (grader.json: results of MathRuler's grade_answer and extract_boxed_content) and reports
// where this implementation differs. Pure: reading files and printing belong to the caller.

import * as v from "valibot";
import { type VerifyLine, verifyLine } from "@/lib/verifyLine";
import { extractBoxed, responseText } from "./extractBoxed";
import { grade } from "./grade";

const graderSchema = v.object({
  pairs: v.array(v.object({ given: v.string(), truth: v.string(), correct: v.boolean() })),
  extract: v.array(v.object({ response: v.string(), normalised: v.string(), answer: v.string() })),
});

/** True when the JSON is a file of graded answers: lists `pairs` and `extract`. */
export function isGraderFile(json: unknown): boolean {
  return v.is(graderSchema, json);
}

/** One line for each pair and each extracted answer; the difference is 0 where this program agrees, else 1. */
export function verifyGrader(json: unknown): VerifyLine[] {
  const { pairs, extract } = v.parse(graderSchema, json);
  const line = (name: string, agrees: boolean) => verifyLine(name, agrees ? 0 : 1, 0);
  return [
    ...pairs.map(({ given, truth, correct }) =>
      line(`grade ${quoted(given)} against ${quoted(truth)}`, grade(given, truth) === correct),
    ),
    ...extract.map(({ response, normalised, answer }) =>
      line(`extract ${quoted(response)}`, responseText(response) === normalised && extractBoxed(response) === answer),
    ),
  ];
}

function quoted(text: string): string {
  return JSON.stringify(text.length > 24 ? `${text.slice(0, 23)}…` : text);
}
