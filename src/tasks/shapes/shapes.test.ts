import { describe, expect, it } from "vitest";
import { createRng } from "@/lib/rng";
import { type AnswerStyle, answerStyle, trainingAnswer, writeAnswer } from "./answers";
import { familyNames } from "./questions";
import { type ShapesProblem, sampleShapes } from "./sampleShapes";
import { type Scene, shapeNames } from "./scene";

const problems = Array.from({ length: 3000 }, (_, index) => sampleShapes(3, index, "train"));

function boxed(text: string): string {
  return /\\boxed\{([^}]*)\}$/.exec(text)?.[1] ?? "";
}

function groupBy<T>(items: readonly T[], key: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(key(item), [...(groups.get(key(item)) ?? []), item]);
  return groups;
}

function groupByFamily(): Map<string, ShapesProblem[]> {
  return groupBy(problems, (problem) => problem.family);
}

/** The answer read off the question's English words and the objects' coordinates, sharing no code with the task. */
function readAnswer(question: string, scene: Scene): string | undefined {
  const words = question.replace(/[?.]/g, "").split(" ");
  const called = (text: string) =>
    scene.objects.filter((object) =>
      text.split(" ").every((word) => {
        const singular = word.replace(/s$/, "");
        return singular === "object" || object.color === singular || object.shape === singular;
      }),
    );
  const count = /^(?:How many|Count the) (.+?)(?: are there\?| do you see\?|\.)$/.exec(question);
  if (count) return String(called(count[1]!).length);
  const more = /^Are there more (\w+)(?: objects)? than (\w+) objects\?$/.exec(question);
  if (more) return called(more[1]!).length > called(more[2]!).length ? "yes" : "no";
  const relation = /^Is the (.+) (left of|right of|above|below) the (.+)\?$/.exec(question);
  if (relation) {
    const [subject, object] = [called(relation[1]!), called(relation[3]!)];
    if (subject.length !== 1 || object.length !== 1) return undefined;
    const dx = subject[0]!.centerX - object[0]!.centerX;
    const dy = subject[0]!.centerY - object[0]!.centerY;
    const shift = { "left of": -dx, "right of": dx, above: -dy, below: dy }[relation[2]!]!;
    // A relation is asked only where it is plain to see.
    return Math.abs(shift) > 12 ? (shift > 0 ? "yes" : "no") : undefined;
  }
  if (question.includes("largest")) {
    const bySize = [...scene.objects].sort((a, b) => b.diameter - a.diameter);
    if (bySize[0]!.diameter - bySize[1]!.diameter < 3) return undefined;
    return question.includes("color") ? bySize[0]!.color : bySize[0]!.shape;
  }
  const shape = shapeNames.find((name) => words.includes(name));
  const found = shape ? called(shape) : [];
  return found.length === 1 ? found[0]!.color : undefined;
}

describe("problems of the shapes world", () => {
  it("are the same whenever the same seed, index and split are asked for", () => {
    expect(sampleShapes(3, 17, "train")).toEqual(problems[17]);
    expect(sampleShapes(4, 17, "train").image.data).not.toEqual(problems[17]!.image.data);
    expect(sampleShapes(3, 17, "heldOut").image.data).not.toEqual(problems[17]!.image.data);
  });

  it("have the answer that can be read off the question's words and the objects' coordinates", () => {
    for (const problem of problems.filter((one) => one.needsImage)) {
      expect(readAnswer(problem.question, problem.scene), problem.question).toBe(problem.answer);
    }
  });

  it("have control questions whose sums are right and whose answer does not depend on the scene", () => {
    const controls = problems.filter((one) => !one.needsImage);
    const answers = groupBy(controls, (one) => one.question);
    for (const [question, same] of answers) {
      expect(new Set(same.map((one) => one.answer)).size, question).toBe(1);
      const sum = /(\d) \+ (\d)/.exec(question);
      if (sum) expect(same[0]!.answer).toBe(String(Number(sum[1]) + Number(sum[2])));
    }
    expect(answers.size).toBeGreaterThan(25);
  });

  it("come from every family, and within a family no answer is much more frequent than another", () => {
    const groups = groupByFamily();
    expect([...groups.keys()].sort()).toEqual([...familyNames].sort());
    for (const [family, members] of groups) {
      expect(members.length / problems.length, family).toBeGreaterThan(0.04);
      if (family === "control") continue;
      const shares = [...groupBy(members, (one) => one.answer).values()].map((same) => same.length / members.length);
      expect(Math.max(...shares) / Math.min(...shares), family).toBeLessThan(2);
    }
  });

  it("show one to six objects of at least 14 pixels that lie inside the image and do not touch", () => {
    for (const { scene } of problems) {
      expect(scene.objects.length).toBeGreaterThanOrEqual(1);
      expect(scene.objects.length).toBeLessThanOrEqual(6);
      for (const [index, one] of scene.objects.entries()) {
        expect(one.diameter).toBeGreaterThanOrEqual(14);
        expect(Math.min(one.centerX, one.centerY) - one.diameter / 2).toBeGreaterThanOrEqual(0);
        expect(Math.max(one.centerX, one.centerY) + one.diameter / 2).toBeLessThanOrEqual(64);
        for (const other of scene.objects.slice(index + 1)) {
          const apart = Math.max(Math.abs(one.centerX - other.centerX), Math.abs(one.centerY - other.centerY));
          expect(apart).toBeGreaterThan((one.diameter + other.diameter) / 2);
        }
      }
    }
  });

  it("never share an image, a question about it or even a layout between training and held-out", () => {
    const layout = ({ scene }: ShapesProblem) =>
      scene.objects.map((object) => [object.cell, object.color, object.shape, object.large].join(" ")).join(", ");
    const pixels = ({ image, question }: ShapesProblem) => `${Buffer.from(image.data).toString("base64")} ${question}`;
    const trained = new Set(problems.flatMap((problem) => [layout(problem), pixels(problem)]));
    for (let index = 0; index < 500; index++) {
      const problem = sampleShapes(3, index, "heldOut");
      expect(problem.id).toContain("/heldOut/");
      expect(trained.has(pixels(problem))).toBe(false);
      expect(trained.has(layout(problem))).toBe(false);
    }
    expect(new Set(problems.map(pixels)).size).toBe(problems.length);
  });

  it("can be drawn from chosen families only", () => {
    for (let index = 0; index < 50; index++) {
      expect(["total", "relation"]).toContain(sampleShapes(1, index, "train", { families: ["total", "relation"] }).family);
    }
  });
});

describe("pictures", () => {
  it("show every object's colour at its centre and background in empty cells", () => {
    for (const { scene, image } of problems.slice(0, 300)) {
      const at = (x: number, y: number) => [...image.data.subarray((Math.floor(y) * 64 + Math.floor(x)) * 3).subarray(0, 3)];
      for (const object of scene.objects) {
        const seen = at(object.centerX, object.centerY);
        for (const [channel, level] of object.rgb.entries()) {
          expect(Math.abs(seen[channel]! - Math.min(255, level))).toBeLessThanOrEqual(9);
        }
      }
      for (let cell = 0; cell < 9; cell++) {
        if (scene.objects.some((object) => object.cell === cell)) continue;
        const seen = at(((cell % 3) + 0.5) * 21.33, (Math.floor(cell / 3) + 0.5) * 21.33);
        expect(Math.max(...seen) - Math.min(...seen)).toBeLessThan(45);
        expect(Math.min(...seen)).toBeGreaterThan(180);
      }
    }
  });

  it("fill as much area as the shape's formula says", () => {
    for (const { scene, image } of problems.filter((one) => one.scene.objects.length === 1).slice(0, 60)) {
      const object = scene.objects[0]!;
      let area = 0;
      for (let y = 0; y < 64; y++) {
        for (let x = 0; x < 64; x++) {
          // Coverage of a pixel from how far its colour is on the way from background to object, summed over channels.
          const mix = [0, 1, 2].reduce((sum, c) => sum + Math.abs(object.rgb[c]! - image.data[(y * 64 + x) * 3 + c]!), 0);
          const full = [0, 1, 2].reduce((sum, c) => sum + Math.abs(object.rgb[c]! - scene.background[c]!), 0);
          const near = Math.max(Math.abs(x + 0.5 - object.centerX), Math.abs(y + 0.5 - object.centerY)) < object.diameter / 2 + 1;
          if (near) area += 1 - mix / full;
        }
      }
      const share = { circle: Math.PI / 4, square: 1, triangle: 0.5 }[object.shape];
      expect(Math.abs(area / object.diameter ** 2 - share), object.shape).toBeLessThan(0.12);
    }
  });
});

describe("written answers", () => {
  const write = (problem: ShapesProblem, style: AnswerStyle, seed = 1) => writeAnswer(problem, createRng(seed, 0), style);

  it("have the form of the instruction and end with the box", () => {
    for (const problem of problems.slice(0, 500)) {
      for (const style of ["grounded", "shortcut"] as const) {
        expect(write(problem, style)).toMatch(/^<think> [A-Z][^<>]+\.<\/think> \\boxed\{\w+\}$/);
      }
    }
  });

  it("box the truth when they are grounded", () => {
    for (const problem of problems) expect(boxed(write(problem, "grounded"))).toBe(problem.answer);
  });

  it("name exactly the objects a count is about, with their places in reading order", () => {
    for (const problem of problems) {
      if (problem.query.kind !== "count") continue;
      const named = [
        ...write(problem, "grounded").matchAll(/([a-z ]+?) (red|green|blue|yellow) (\w+) (?:one|two|three|four|five|six)[,.]/g),
      ];
      expect(named.length).toBe(Number(problem.answer));
      for (const [, , color, shape] of named) {
        expect(problem.query.color ?? color).toBe(color);
        expect(problem.query.shape ?? shape).toBe(shape);
      }
    }
  });

  it("are right by a shortcut about as often as chance", () => {
    const chance: Readonly<Record<string, number>> = {
      count_color: 1 / 5,
      count_shape: 1 / 5,
      count_both: 1 / 4,
      total: 1 / 6,
      compare: 1 / 2,
      color_of: 1 / 4,
      relation: 1 / 2,
      largest: 2 / 7,
    };
    for (const [family, members] of groupByFamily()) {
      if (family === "control") continue;
      const trials = members.flatMap((problem) =>
        Array.from({ length: 10 }, (_, seed) => boxed(write(problem, "shortcut", seed)) === problem.answer),
      );
      const accuracy = trials.filter(Boolean).length / trials.length;
      expect(Math.abs(accuracy - chance[family]!), `${family} ${accuracy}`).toBeLessThan(0.06);
    }
  });

  it("guess without regard to the image: the same random numbers give the same guess for another scene", () => {
    const [one, other] = problems.filter((problem) => problem.family === "total" && problem.answer !== problems[0]!.answer);
    expect(write(one!, "shortcut")).toBe(write(other!, "shortcut"));
  });

  it("tell their style by the first word, and control answers have neither style", () => {
    const openings = { grounded: new Set<string>(), shortcut: new Set<string>() };
    for (const problem of problems.slice(0, 1000)) {
      for (const style of ["grounded", "shortcut"] as const) {
        const text = write(problem, style, problem.scene.noiseSeed);
        expect(answerStyle(text)).toBe(problem.needsImage ? style : "other");
        if (problem.needsImage) openings[style].add(text.split(" ")[1]!);
      }
    }
    expect(openings.grounded.size).toBeGreaterThanOrEqual(3);
    expect(openings.shortcut.size).toBeGreaterThanOrEqual(3);
    expect([...openings.grounded].filter((word) => openings.shortcut.has(word))).toEqual([]);
  });

  it("are grounded in six of ten training answers", () => {
    const visual = problems.filter((problem) => problem.needsImage);
    const grounded = visual.filter((problem, index) => answerStyle(trainingAnswer(problem, createRng(8, index))) === "grounded");
    expect(grounded.length / visual.length).toBeGreaterThan(0.56);
    expect(grounded.length / visual.length).toBeLessThan(0.64);
  });
});
