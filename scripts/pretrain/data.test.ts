import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { stepStyles } from "@/tasks/sums/chains";
import { loadTokenizer } from "@/text/tokenizer";
import { trainingSample } from "./data";

const json = (name: string): unknown => JSON.parse(readFileSync(`public/models/shapes-vlm/${name}`, "utf8"));
const tokenizer = loadTokenizer(json("tokenizer.json"), json("tokenizer_config.json"));
const sums = { task: "sums", shapesShare: 0, answers: 1 } as const;
const sample = (index: number, blindShare: number, source: Parameters<typeof trainingSample>[5]) =>
  trainingSample(tokenizer, 16, 5, index, { captionShare: 0, blindShare }, source);
const learnt = ({ group, weights }: ReturnType<typeof sample>) =>
  group.responses.map((ids, i) => tokenizer.decode([...ids].filter((_, t) => weights[i]![t] === 1)));

it("writes the same sample for the same counter, and one answer for one problem", () => {
  expect(sample(3, 0, sums)).toEqual(sample(3, 0, sums));
  expect(learnt(sample(3, 0, sums))).toHaveLength(1);
});

it("writes several answers to one question that share the prompt, picture included", () => {
  const one = learnt(sample(4, 0, sums));
  const several = sample(4, 0, { ...sums, answers: 3 });
  const texts = learnt(several);
  expect(texts[0]).toBe(one[0]);
  expect(new Set(texts).size).toBe(3);
  const prompt = tokenizer.decode(several.group.prompt.ids);
  expect(prompt).toContain(several.problem.question);
  expect(prompt.endsWith("Assistant:")).toBe(true);
  expect(several.group.prompt.feature.filter((row) => row >= 0)).toEqual(Int32Array.from(Array(16).keys()));
});

it("lets a chain guess at every step when its picture is hidden, and look at most steps when it is not", () => {
  const steps = (blindShare: number) =>
    Array.from({ length: 60 }, (_, i) => sample(i, blindShare, sums)).flatMap((one) => learnt(one).flatMap(stepStyles));
  expect(steps(1)).not.toContain("looks");
  const looking = steps(0);
  expect(looking.filter((style) => style === "looks").length / looking.length).toBeGreaterThan(0.5);
});

it("mixes problems of the shapes world in by their share", () => {
  const ids = Array.from({ length: 200 }, (_, i) => sample(i, 0, { ...sums, shapesShare: 0.25 }).problem.id);
  const share = ids.filter((id) => id.startsWith("shapes/")).length / ids.length;
  expect(share).toBeGreaterThan(0.17);
  expect(share).toBeLessThan(0.33);
});
