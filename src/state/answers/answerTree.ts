// The tree of kept answers: every Ask is a root, every branch a child of the answer it went on from. Nodes hold tokens, header and what
// was asked, so that an answer can be shown again, gone on from and compared. Pure functions on lists; the store keeps them (answers.ts).

import type { AnswerHeader } from "@/client/live";
import type { TokenSnapshot } from "@/client/tokenBuffer";
import type { AskRequest } from "@/protocol/generation";
import type { AnswerSource, AskInput } from "../session";

/** Answers that are kept; the oldest leaf makes way for one more. */
export const mostAnswers = 20;

/** Where a branch leaves its parent, and the token it goes on with. */
export interface BranchPoint {
  readonly rollout: number;
  readonly token: number;
  readonly id: number;
}

/** What tells the weights that made an answer from others. */
export interface ModelMark {
  readonly name: string;
  readonly adapter: string | null;
  /** Steps of training; a step of another run is another model. */
  readonly step: number;
  readonly run: string | null;
  /** Number formats; null where nobody wrote them down. */
  readonly precision: string | null;
}

/** How an answer was asked for: what a branch needs to go on as it would have. */
export interface AnswerOrigin {
  /** Without a beginning. */
  readonly request: AskRequest;
  readonly model: ModelMark;
}

/** A kept answer without its place in the tree. */
export interface KeptAnswer {
  readonly label: string;
  readonly source: AnswerSource;
  readonly header: AnswerHeader;
  readonly tokens: TokenSnapshot;
  /** What the input showed. */
  readonly input: AskInput;
  readonly promptTokens: number | null;
  /** Null where nobody knows it: such an answer can be looked at and compared. */
  readonly origin: AnswerOrigin | null;
}

/** A node of the tree. Ids rise with age and are never used again. */
export interface AnswerNode extends KeptAnswer {
  readonly id: number;
  readonly parent: number | null;
  readonly from: BranchPoint | null;
}

type Placed = Pick<AnswerNode, "id" | "parent">;

/** A line of the tree as a list. */
export interface TreeRow<T extends Placed> {
  readonly node: T;
  readonly depth: number;
}

/** The tree as lines, children below their parent, each level by age; a node whose parent is gone is a root. */
export function treeRows<T extends Placed>(nodes: readonly T[]): readonly TreeRow<T>[] {
  const known = new Set(nodes.map(({ id }) => id));
  const rows: TreeRow<T>[] = [];
  const place = (parent: number | null, depth: number) => {
    for (const node of nodes) {
      const above = node.parent !== null && known.has(node.parent) ? node.parent : null;
      if (above !== parent) continue;
      rows.push({ node, depth });
      place(node.id, depth + 1);
    }
  };
  place(null, 0);
  return rows;
}

/** A node's id and those of everything that goes on from it. */
export function withDescendants(nodes: readonly Placed[], id: number): readonly number[] {
  return [id, ...nodes.filter(({ parent }) => parent === id).flatMap((child) => withDescendants(nodes, child.id))];
}

/** The oldest node that nothing goes on from and that is not `kept`; those already taken away first. Undefined when there is none. */
export function oldestLeaf<T extends Placed>(nodes: readonly T[], removed: readonly number[], kept: number): T | undefined {
  const leaves = nodes.filter(({ id }) => id !== kept && !nodes.some(({ parent }) => parent === id));
  const byAge = [...leaves].sort((a, b) => a.id - b.id);
  return byAge.find(({ id }) => removed.includes(id)) ?? byAge[0];
}

/** True when both marks stand for the same weights; formats count where both are known. */
export function sameModel(a: ModelMark, b: ModelMark): boolean {
  const samePrecision = a.precision === null || b.precision === null || a.precision === b.precision;
  return a.name === b.name && a.adapter === b.adapter && a.step === b.step && a.run === b.run && samePrecision;
}

/** "shapes-vlm", "shapes-vlm after step 12", "shapes-vlm with colours-adapter". */
export function modelText({ name, adapter, step }: ModelMark): string {
  if (step > 0) return `${name} after step ${step}`;
  return adapter === null ? name : `${name} with ${adapter}`;
}
