// What is compared now: the open rollout of the shown answer and the chosen rollout of another one, with their comparison. While an answer
// streams it is compared a few times a second, not per frame.

import { useEffect, useMemo, useState } from "react";
import { answerTokens } from "@/client/live";
import { TokenBuffer } from "@/client/tokenBuffer";
import { type DependencyMeasure, dependencyOf } from "@/rl/dependency";
import { keptAnswers } from "@/state/answers/answers";
import type { AnswerNode } from "@/state/answers/answerTree";
import { useStore } from "@/state/store";
import { type Comparison, commonIds, compareSides } from "./comparison";

/** One side with what is drawn of it. */
export interface DrawnSide {
  readonly answer: number;
  readonly label: string;
  readonly question: string;
  readonly rollout: number;
  readonly rolloutCount: number;
  readonly texts: readonly string[];
  readonly dependency: Float32Array;
}

export interface ComparedAnswers {
  readonly here: DrawnSide;
  readonly there: DrawnSide;
  readonly comparison: Comparison;
  readonly measure: DependencyMeasure;
  /** Both sides are one and the same rollout. */
  readonly isSame: boolean;
}

const slowestMs = 250;

/** The comparison of now; null when there is none. */
export function useComparedAnswers(): ComparedAnswers | null {
  const answers = useStore((state) => state.answers);
  const removedAnswers = useStore((state) => state.removedAnswers);
  const shown = useStore((state) => state.shownAnswer);
  const open = useStore((state) => state.rollout);
  const other = useStore((state) => state.comparedWith);
  const measure = useStore((state) => state.settings.dependencyMeasure);
  const version = useSlowVersion();
  // biome-ignore lint/correctness/useExhaustiveDependencies: the version stands for the contents of the buffers
  return useMemo(() => {
    const kept = keptAnswers({ answers, removedAnswers });
    const left = kept.find(({ id }) => id === shown);
    const right = kept.find(({ id }) => id === other?.answer);
    if (!left || !right || !other) return null;
    return compareAnswers(left, open, right, other.rollout, measure);
  }, [answers, removedAnswers, shown, open, other, measure, version]);
}

function compareAnswers(
  left: AnswerNode,
  leftRollout: number,
  right: AnswerNode,
  rightRollout: number,
  measure: DependencyMeasure,
): ComparedAnswers | null {
  const [a, b] = [readerOf(left), readerOf(right)];
  if (leftRollout >= a.rolloutCount || rightRollout >= b.rolloutCount) return null;
  const sameTokenizer = !left.origin || !right.origin || left.origin.model.name === right.origin.model.name;
  const [idsA, idsB] = commonIds(
    { ids: a.ids(leftRollout), text: (id) => a.text(id) },
    { ids: b.ids(rightRollout), text: (id) => b.text(id) },
    sameTokenizer,
  );
  const here = drawn(left, a, leftRollout, measure);
  const there = drawn(right, b, rightRollout, measure);
  const comparison = compareSides({ ids: idsA, dependency: here.dependency }, { ids: idsB, dependency: there.dependency });
  return { here, there, comparison, measure, isSame: left.id === right.id && leftRollout === rightRollout };
}

function readerOf({ tokens }: AnswerNode): TokenBuffer {
  const reader = new TokenBuffer();
  reader.put(tokens);
  return reader;
}

function drawn(node: AnswerNode, reader: TokenBuffer, rollout: number, measure: DependencyMeasure): DrawnSide {
  return {
    answer: node.id,
    label: reader.rolloutCount > 1 ? `${node.label}, rollout ${rollout + 1}` : node.label,
    question: node.header.question,
    rollout,
    rolloutCount: reader.rolloutCount,
    texts: Array.from(reader.ids(rollout), (id) => reader.text(id)),
    dependency: dependencyOf(reader.stats(rollout), measure),
  };
}

/** The version of the tokens, at most every quarter of a second. */
function useSlowVersion(): number {
  const [version, setVersion] = useState(answerTokens.version);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const read = () => {
      timer = undefined;
      setVersion(answerTokens.version);
    };
    const stop = answerTokens.subscribe(() => {
      timer ??= setTimeout(read, slowestMs);
    });
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, []);
  return version;
}
