// Kept answers in the store: which there are, which one is shown, which one it is compared with. Showing one puts its tokens and its
// header where all views read them (`client/live.ts`). Which is shown and which were taken away can be undone; see store.ts.

import type { StateCreator } from "zustand";
import { answerTokens, setAnswerHeader } from "@/client/live";
import type { TokenSpan } from "../selection";
import type { AppState } from "../store";
import { type AnswerNode, type BranchPoint, type KeptAnswer, mostAnswers, oldestLeaf, withDescendants } from "./answerTree";

/** What a new node goes on from. */
export interface Parent {
  readonly id: number;
  readonly from: BranchPoint;
}

/** One rollout of a kept answer. */
export interface AnswerRef {
  readonly answer: number;
  readonly rollout: number;
}

/** What belongs to the look at one answer and comes back with it. */
type AnswerView = Pick<AppState, "rollout" | "rewardEdits">;

export interface AnswersSlice {
  /** In the order of their making; also those that were taken away, as long as there is room. */
  readonly answers: readonly AnswerNode[];
  readonly shownAnswer: number | null;
  readonly removedAnswers: readonly number[];
  /** What the shown rollout is compared with; null compares nothing. */
  readonly comparedWith: AnswerRef | null;
  readonly answerViews: Readonly<Record<number, AnswerView>>;
  /** Keeps an answer and shows it, the input left as it is; returns its id. A pin counts only if the answer has those tokens. */
  keepAnswer(answer: KeptAnswer, view?: { parent?: Parent; rollout?: number; pinned?: TokenSpan | null }): number;
  /** Shows a kept answer, with the picture and the question it was asked with. */
  showAnswer(id: number): void;
  /** Takes an answer away with everything that goes on from it. The last one stays. */
  removeAnswer(id: number): void;
  /** Puts an answer beside the shown one: a rollout of it, or the one that belongs there. */
  compareWith(other: { readonly answer: number; readonly rollout?: number } | null): void;
}

let nextId = 1;

/** The part of the store that keeps answers. */
export const createAnswersSlice: StateCreator<AppState, [], [], AnswersSlice> = (set, get) => ({
  answers: [],
  shownAnswer: null,
  removedAnswers: [],
  comparedWith: null,
  answerViews: {},
  keepAnswer: (answer, { parent, rollout = 0, pinned = null } = {}) => {
    const node: AnswerNode = { ...answer, id: nextId++, parent: parent?.id ?? null, from: parent?.from ?? null };
    const { answers, removedAnswers, notify } = get();
    let kept = [...answers, node];
    while (kept.length > mostAnswers) {
      const leaf = oldestLeaf(kept, removedAnswers, node.id);
      if (!leaf) break;
      kept = kept.filter(({ id }) => id !== leaf.id);
      if (!removedAnswers.includes(leaf.id)) {
        notify(
          "notice",
          `${mostAnswers} answers are kept: “${leaf.label}” was dropped to make room. Delete branches you no longer need.`,
        );
      }
    }
    put(node);
    set((state) => ({
      answers: kept,
      ...shownAs(node, state),
      rollout: pinned?.rollout ?? rollout,
      pinned: pinned && fits(pinned) ? pinned : null,
      rewardEdits: {},
    }));
    return node.id;
  },
  showAnswer: (id) => {
    const node = keptAnswers(get()).find((one) => one.id === id);
    if (!node || id === get().shownAnswer) return;
    put(node);
    set((state) => ({ ...shownAs(node, state), ...viewOf(node, state), input: node.input, pinned: null }));
  },
  removeAnswer: (id) => {
    const state = get();
    const gone = withDescendants(state.answers, id);
    const left = keptAnswers(state).filter((node) => !gone.includes(node.id));
    const parent = state.answers.find((node) => node.id === id)?.parent;
    const next = left.find((node) => node.id === parent) ?? left.at(-1);
    if (!next) return;
    const isShownGone = state.shownAnswer !== null && gone.includes(state.shownAnswer);
    if (isShownGone) put(next);
    set({
      removedAnswers: [...state.removedAnswers, ...gone],
      ...(isShownGone ? { ...shownAs(next, state), ...viewOf(next, state), input: next.input, pinned: null } : {}),
    });
  },
  compareWith: (other) => set((state) => ({ comparedWith: other && { rollout: rolloutBeside(state, other.answer), ...other } })),
});

/** The answers that are there, without those that were taken away. */
export function keptAnswers({ answers, removedAnswers }: Pick<AppState, "answers" | "removedAnswers">): readonly AnswerNode[] {
  return removedAnswers.length === 0 ? answers : answers.filter(({ id }) => !removedAnswers.includes(id));
}

/** The rollout of an answer that stands beside the shown one: what it went on from, what went on from it, or the one of the same number. */
export function rolloutBeside(state: AppState, id: number): number {
  const shown = state.answers.find((node) => node.id === state.shownAnswer);
  const other = state.answers.find((node) => node.id === id);
  if (!shown || !other) return 0;
  if (shown.parent === id) return shown.from?.rollout ?? 0;
  const last = other.tokens.rollouts.length - 1;
  if (shown.id === id) return state.rollout < last ? state.rollout + 1 : 0;
  return Math.max(0, Math.min(state.rollout, last));
}

/** What undo and redo restore must be so that tokens, header and selection fit: the changes to make, where there are any. */
export function settleAnswer(before: AppState, now: AppState): Partial<AppState> {
  const shown = keptAnswers(now).find(({ id }) => id === now.shownAnswer);
  if (!shown) {
    // It was dropped meanwhile, or there was none: what is shown stays, as far as it is still there.
    const stays = keptAnswers(now).find(({ id }) => id === before.shownAnswer) ?? keptAnswers(now).at(-1);
    if (!stays) return { shownAnswer: before.shownAnswer, ...fittingPin(now) };
    if (stays.id === before.shownAnswer) return { shownAnswer: stays.id, rollout: before.rollout, pinned: before.pinned };
    put(stays);
    return { ...shownAs(stays, before), ...viewOf(stays, now), input: stays.input, pinned: null };
  }
  if (shown.id === before.shownAnswer) return fittingPin(now);
  put(shown);
  return { ...shownAs(shown, before), rewardEdits: viewOf(shown, now).rewardEdits, input: shown.input, ...fittingPin(now) };
}

function put({ header, tokens }: AnswerNode): void {
  setAnswerHeader(header);
  answerTokens.put(tokens);
}

/** The session as it is with this answer, and the look at the one before kept for later. An answer is not compared with itself: the two
 * change places. */
function shownAs({ id, source, promptTokens }: AnswerNode, before: AppState) {
  const { shownAnswer, answerViews, rollout, rewardEdits, comparedWith } = before;
  const isCompared = comparedWith?.answer === id && shownAnswer !== null;
  return {
    ...(isCompared ? { comparedWith: { answer: shownAnswer, rollout } } : {}),
    shownAnswer: id,
    answerViews: shownAnswer === null ? answerViews : { ...answerViews, [shownAnswer]: { rollout, rewardEdits } },
    hover: null,
    source,
    promptTokens,
  } satisfies Partial<AppState>;
}

function viewOf({ id }: AnswerNode, { answerViews }: AppState): AnswerView {
  return answerViews[id] ?? { rollout: 0, rewardEdits: {} };
}

function fits({ rollout, end }: TokenSpan): boolean {
  return end < answerTokens.length(rollout);
}

/** A selection that the shown answer does not have is none. */
function fittingPin({ pinned, rollout }: AppState): Partial<AppState> {
  return {
    ...(pinned && !fits(pinned) ? { pinned: null } : {}),
    ...(rollout >= answerTokens.rolloutCount ? { rollout: 0 } : {}),
  };
}
