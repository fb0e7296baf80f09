// What can be asked about a scene: the query as data, its true answer, and its English wording. How scenes are drawn so
// that answers are balanced is in `questions.ts`; how an answer is reasoned out in words is in `answers.ts`.

import type { Rng } from "@/lib/rng";
import type { Fact } from "./facts";
import { type ColorName, gridSize, type Scene, type SceneObject, type ShapeName } from "./scene";

export const relationNames = ["left of", "right of", "above", "below"] as const;
export type RelationName = (typeof relationNames)[number];

/** An object named by colour and shape. */
export interface Named {
  readonly color: ColorName;
  readonly shape: ShapeName;
}

/** A question as data. A count with neither colour nor shape asks for the total. */
export type Query =
  | { readonly kind: "count"; readonly color: ColorName | null; readonly shape: ShapeName | null }
  | { readonly kind: "compare"; readonly more: ColorName; readonly than: ColorName }
  | { readonly kind: "colorOf"; readonly shape: ShapeName }
  | { readonly kind: "relation"; readonly subject: Named; readonly relation: RelationName; readonly object: Named }
  | { readonly kind: "largest"; readonly property: "color" | "shape" }
  | { readonly kind: "fact"; readonly fact: Fact };

/** Objects that match a colour and a shape; null matches all. In reading order. */
export function matching(scene: Scene, color: ColorName | null, shape: ShapeName | null): SceneObject[] {
  return scene.objects.filter(
    (object) => (color === null || object.color === color) && (shape === null || object.shape === shape),
  );
}

/** The true answer, or null when the scene makes the question ambiguous or empty. */
export function answerQuery(query: Query, scene: Scene): string | null {
  switch (query.kind) {
    case "count":
      return String(matching(scene, query.color, query.shape).length);
    case "compare":
      return yesNo(matching(scene, query.more, null).length > matching(scene, query.than, null).length);
    case "colorOf":
      return only(matching(scene, null, query.shape))?.color ?? null;
    case "relation": {
      const subject = only(matching(scene, query.subject.color, query.subject.shape));
      const object = only(matching(scene, query.object.color, query.object.shape));
      return subject && object ? relationHolds(subject, query.relation, object) : null;
    }
    case "largest":
      return only(scene.objects.filter((object) => object.large))?.[query.property] ?? null;
    case "fact":
      return query.fact.answer;
    default:
      return query satisfies never;
  }
}

function only(objects: readonly SceneObject[]): SceneObject | undefined {
  return objects.length === 1 ? objects[0] : undefined;
}

function relationHolds(subject: SceneObject, relation: RelationName, object: SceneObject): string | null {
  const columns = (subject.cell % gridSize) - (object.cell % gridSize);
  const rows = Math.floor(subject.cell / gridSize) - Math.floor(object.cell / gridSize);
  const along = relation === "left of" || relation === "right of" ? columns : rows;
  // Two objects in one column are neither left nor right of each other: too close a call to ask.
  if (along === 0) return null;
  return yesNo(relation === "left of" || relation === "above" ? along < 0 : along > 0);
}

function yesNo(value: boolean): string {
  return value ? "yes" : "no";
}

/** One of several English wordings of a query. */
export function wordQuery(query: Query, rng: Rng): string {
  switch (query.kind) {
    case "count":
      return wordCount(query.color, query.shape, rng);
    case "compare":
      return rng.pick([
        `Are there more ${query.more} than ${query.than} objects?`,
        `Are there more ${query.more} objects than ${query.than} objects?`,
      ]);
    case "colorOf":
      return rng.pick([`What color is the ${query.shape}?`, `Name the color of the ${query.shape}.`]);
    case "relation":
      return `Is the ${wordNamed(query.subject)} ${query.relation} the ${wordNamed(query.object)}?`;
    case "largest":
      return rng.pick([`What ${query.property} is the largest object?`, `Name the ${query.property} of the largest object.`]);
    case "fact":
      return query.fact.question;
    default:
      return query satisfies never;
  }
}

function wordCount(color: ColorName | null, shape: ShapeName | null, rng: Rng): string {
  const things = [color, shape === null ? "objects" : `${shape}s`].filter((word) => word !== null).join(" ");
  return rng.pick([`How many ${things} are there?`, `How many ${things} do you see?`, `Count the ${things}.`]);
}

/** "red circle". */
export function wordNamed(named: Named): string {
  return `${named.color} ${named.shape}`;
}
