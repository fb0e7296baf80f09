import { describe, expect, it } from "vitest";
import { type StudyPlan, studyPlans } from "@/study/plan";
import { recordedText } from "@/study/recorded";
import { fetchRecordedStudy } from "./recordedStudies";

const plan = studyPlans[0] as StudyPlan;
const outcome = { family: "count", right: 4, answers: 8, parseable: 8, tokens: 90 };
const text = recordedText(
  plan,
  [{ plan: plan.id, arm: "vppo", seed: 1, steps: [], after: [outcome], masked: [outcome], seconds: 1 }],
  { command: "npm run study", backend: "wasm", adapter: "a processor", format: "int8", date: "2026-01-02" },
);
const server = (answer: () => Response) => {
  const asked: string[] = [];
  const fetcher = async (url: string | URL | Request) => {
    asked.push(String(url));
    return answer();
  };
  return { asked, fetcher };
};
const base = "http://localhost/here/";
const json = { headers: { "Content-Type": "application/json" } };

describe("fetchRecordedStudy", () => {
  it("reads the plan's file beside the page", async () => {
    const { asked, fetcher } = server(() => new Response(text, json));
    expect((await fetchRecordedStudy(plan.id, base, fetcher))?.results.map(({ arm }) => arm)).toEqual(["vppo"]);
    expect(asked).toEqual(["http://localhost/here/recorded/study-shapes.json"]);
  });

  it("finds none where there is no file, or the page itself in its place", async () => {
    const missing = server(() => new Response("", { status: 404 }));
    const page = server(() => new Response("<html>", { headers: { "Content-Type": "text/html; charset=utf-8" } }));
    expect(await fetchRecordedStudy(plan.id, base, missing.fetcher)).toBeNull();
    expect(await fetchRecordedStudy(plan.id, base, page.fetcher)).toBeNull();
  });

  it("says what is wrong with a file", async () => {
    const answers: readonly (readonly [() => Response, string])[] = [
      [() => new Response("", { status: 500 }), "answered 500"],
      [() => new Response("{", json), "not JSON"],
      [() => new Response("{}", json), "the field version is wrong"],
      [() => new Response(text.replace('"plan":"shapes"', '"plan":"other"'), json), 'of the plan "other"'],
    ];
    for (const [answer, why] of answers) {
      await expect(fetchRecordedStudy(plan.id, base, server(answer).fetcher)).rejects.toThrow(why);
    }
  });
});
