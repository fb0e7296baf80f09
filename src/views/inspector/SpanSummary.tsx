// Totals of several pinned tokens: dependency, kept tokens and weight, and the tokens that contribute most.
import { PinOff } from "lucide-react";
import { answerTokens } from "@/client/live";
import type { AnswerUpdate } from "@/state/answers/update";
import type { TokenSpan } from "@/state/selection";
import { useStore } from "@/state/store";
import { measureSymbols, unitOf } from "@/state/tokens/tokenFacts";
import { Button } from "@/ui/Button";
import { formatNumber } from "@/ui/formatNumber";
import { PanelMenuSlot } from "@/ui/PanelMenuSlot";
import { tokenLabel } from "@/ui/tokens/chunking";
import { formatShare, formatSigned } from "@/ui/tokens/numberText";
import { EquationTip } from "@/views/equations/EquationTip";
import styles from "./SpanSummary.module.css";

const shownTokens = 8;

/** Sums and means over a span of tokens. */
export function SpanSummary({ span, update }: { span: TokenSpan; update: AnswerUpdate }) {
  const pin = useStore((state) => state.pin);
  const { rollout, start, end } = span;
  const all = update.dependencies[rollout] ?? new Float32Array(0);
  const part = all.subarray(start, end + 1);
  const sum = part.reduce((total, value) => total + value, 0);
  const whole = all.reduce((total, value) => total + value, 0);
  const kept = update.preview?.masks[rollout]?.subarray(start, end + 1).reduce((count, value) => count + value, 0) ?? 0;
  const weight = update.preview?.weights[rollout]?.subarray(start, end + 1).reduce((total, value) => total + value, 0) ?? 0;
  const { dependencyMeasure } = update.policy;
  const unit = unitOf(dependencyMeasure);
  const top = Array.from(part, (value, i) => ({ value, token: start + i }))
    .sort((a, b) => b.value - a.value)
    .slice(0, shownTokens);
  return (
    <>
      <header className={styles.header}>
        <div>
          <p className={styles.quiet}>Pinned</p>
          <h2 className={styles.title}>
            Tokens {start + 1} to {end + 1}{" "}
            <span className={styles.quiet}>
              of {all.length}, rollout {rollout + 1}
            </span>
          </h2>
        </div>
        <Button label="Unpin" icon={<PinOff />} iconOnly tone="quiet" onPress={() => pin(null)} />
        <PanelMenuSlot />
      </header>
      <dl className={styles.numbers}>
        <div>
          <dt>{measureSymbols[dependencyMeasure]}, sum</dt>
          <dd>
            {formatNumber(sum)} {unit} ({formatShare(whole === 0 ? 0 : sum / whole)} of the rollout)
          </dd>
        </div>
        <div>
          <dt>{measureSymbols[dependencyMeasure]}, mean</dt>
          <dd>
            {formatNumber(sum / part.length)} {unit}
          </dd>
        </div>
        <div>
          <dt>Kept tokens</dt>
          <dd>
            {formatNumber(kept)} of {part.length}
          </dd>
        </div>
        <div>
          <dt>
            <EquationTip id={update.policy.shaping === "reward" ? "weightOfShapedReward" : "weight"}>
              Weight in the update
            </EquationTip>
            , sum
          </dt>
          <dd>{formatSigned(weight)}</dd>
        </div>
      </dl>
      <h3 className={styles.subtitle}>Strongest in it</h3>
      <ol className={styles.tokens}>
        {top.map(({ value, token }) => (
          <li key={token}>
            <button type="button" onClick={() => pin({ rollout, start: token, end: token })}>
              <span>{tokenLabel(answerTokens.tokenText(rollout, token))}</span>
              <span>
                {formatNumber(value)} {unit}
              </span>
            </button>
          </li>
        ))}
      </ol>
    </>
  );
}
