// The kept answers as a tree: one line each, branches below what they go on from. A line shows its answer; two buttons compare it with
// the shown one and delete it.
import { CornerDownRight, GitCompare, MessageSquare, Trash2 } from "lucide-react";
import { type CSSProperties, memo, useMemo, useRef, useSyncExternalStore } from "react";
import { answerTokens } from "@/client/live";
import { TokenBuffer } from "@/client/tokenBuffer";
import { keptAnswers } from "@/state/answers/answers";
import { type AnswerNode, modelText, treeRows } from "@/state/answers/answerTree";
import { useExportSource } from "@/state/exportSources";
import { useStore } from "@/state/store";
import { Button } from "@/ui/Button";
import { classes } from "@/ui/classes";
import styles from "./BranchTree.module.css";

/** The tree; takes no props. */
export function BranchTree() {
  const answers = useStore((state) => state.answers);
  const removedAnswers = useStore((state) => state.removedAnswers);
  const shown = useStore((state) => state.shownAnswer);
  const compared = useStore((state) => state.comparedWith?.answer ?? null);
  // Streams grow.
  useSyncExternalStore(answerTokens.subscribe, () => answerTokens.version);
  const list = useRef<HTMLUListElement>(null);
  const rows = useMemo(() => treeRows(keptAnswers({ answers, removedAnswers })), [answers, removedAnswers]);
  useExportSource({
    id: "answers-and-branches",
    title: "Answers and branches",
    panel: "answer",
    table: () => ({
      columns: ["answer", "parent", "label", "branch_rollout", "branch_token", "model", "rollouts", "tokens"],
      rows: rows.map(({ node }) => [
        node.id,
        node.parent ?? "",
        node.label,
        node.from ? node.from.rollout + 1 : "",
        node.from ? node.from.token + 1 : "",
        node.origin ? modelText(node.origin.model) : "",
        node.tokens.rollouts.length,
        tokensOf(node),
      ]),
    }),
    figure: () => list.current,
  });
  return (
    <section className={styles.tree} aria-label="Answers and branches">
      <ul ref={list} className={styles.list}>
        {rows.map(({ node, depth }) => (
          <Line
            key={node.id}
            node={node}
            depth={depth}
            isShown={node.id === shown}
            isCompared={node.id === compared}
            size={sizeText(node)}
          />
        ))}
      </ul>
    </section>
  );
}

interface LineProps {
  readonly node: AnswerNode;
  readonly depth: number;
  readonly isShown: boolean;
  readonly isCompared: boolean;
  readonly size: string;
}

const Line = memo(function Line({ node, depth, isShown, isCompared, size }: LineProps) {
  const showAnswer = useStore((state) => state.showAnswer);
  const removeAnswer = useStore((state) => state.removeAnswer);
  const compareWith = useStore((state) => state.compareWith);
  const { id, label, source, origin } = node;
  const Icon = depth > 0 ? CornerDownRight : MessageSquare;
  const from = source === "recorded" ? "recorded" : source === "training" ? "from training" : origin && modelText(origin.model);
  return (
    <li className={classes(styles.line, isShown && styles.shown)} style={{ "--depth": Math.min(depth, 6) } as CSSProperties}>
      <button
        type="button"
        className={styles.pick}
        aria-current={isShown ? "true" : undefined}
        title={`Show this answer: ${label}`}
        onClick={() => showAnswer(id)}
      >
        <Icon aria-hidden />
        {depth > 0 && <span className="sr-only">Branch, level {depth}: </span>}
        <span className={styles.label}>{label}</span>
        <span className={styles.detail}>
          {size}
          {from && depth === 0 ? ` · ${from}` : ""}
        </span>
      </button>
      <Button
        label={isCompared ? `Stop comparing with ${label}` : `Compare the shown answer with ${label}`}
        icon={<GitCompare />}
        iconOnly
        tone="quiet"
        disabled={isShown && !isCompared && node.tokens.rollouts.length < 2}
        pressed={isCompared}
        onPress={() => compareWith(isCompared ? null : { answer: id })}
      />
      <Button label={`Delete ${label}`} icon={<Trash2 />} iconOnly tone="quiet" onPress={() => removeAnswer(id)} />
    </li>
  );
});

function tokensOf({ tokens }: AnswerNode): number {
  const reader = new TokenBuffer();
  reader.put(tokens);
  let count = 0;
  for (let rollout = 0; rollout < reader.rolloutCount; rollout++) count += reader.length(rollout);
  return count;
}

function sizeText(node: AnswerNode): string {
  const rollouts = node.tokens.rollouts.length;
  return rollouts > 1 ? `${rollouts} rollouts` : `${tokensOf(node)} tokens`;
}
