// A memory plan: its lines as one bar against the budget and as numbers, whether it fits in words, and the nearest choice that does.
import { Wand2 } from "lucide-react";
import type { MemoryLine, MemoryPlan } from "@/protocol/model";
import { proposalSettings, sameKnobs } from "@/state/models/fitting";
import { memoryUseOf, precisionOf } from "@/state/requests";
import type { Settings } from "@/state/settings";
import { useStore } from "@/state/store";
import { Button } from "@/ui/Button";
import { formatBytes } from "@/ui/formatNumber";
import { Message } from "@/ui/Message";
import styles from "./PlanView.module.css";
import { changesText, peakLines, planSentence, proposalText } from "./planText";

const colours: Readonly<Record<MemoryLine["what"], number>> = {
  "vision weights": 0,
  "text weights": 1,
  "embedding and head": 2,
  "KV cache": 3,
  decoding: 4,
  "training step": 5,
  "trained weights": 6,
};

/** The plan; `isOld` while a newer one is being made. */
export function PlanView({ plan, isOld = false }: { plan: MemoryPlan; isOld?: boolean }) {
  const settings = useStore((state) => state.settings);
  const fitted = useStore((state) => state.fitted);
  const setSettings = useStore((state) => state.setSettings);
  const { lines, peakBytes, budgetBytes, fits, proposal } = plan;
  const atPeak = peakLines(lines);
  const sum = atPeak.reduce((total, { bytes }) => total + bytes, 0);
  const whole = Math.max(sum, budgetBytes, 1);
  return (
    <section className={styles.plan} aria-label="Memory plan" aria-busy={isOld}>
      <h4
        className={styles.title}
      >{`Memory on the GPU: ${formatBytes(peakBytes)} of ${formatBytes(budgetBytes)}${isOld ? ", looking …" : ""}`}</h4>
      <div className={styles.bar} role="img" aria-label={planSentence(plan)}>
        {atPeak.map(({ what, bytes }) => (
          <span key={what} className={styles.part} data-part={colours[what]} style={{ width: `${(bytes / whole) * 100}%` }} />
        ))}
        <span className={styles.budget} style={{ left: `${(budgetBytes / whole) * 100}%` }} />
      </div>
      <ul className={styles.lines}>
        {lines.map(({ what, bytes }) => (
          <li key={what} className={styles.line} data-counts={atPeak.some((line) => line.what === what)}>
            <span className={styles.swatch} data-part={colours[what]} aria-hidden />
            <span>{what}</span>
            <span className={styles.number}>{formatBytes(bytes)}</span>
          </li>
        ))}
      </ul>
      {atPeak.length < lines.length && (
        <p className={styles.note}>Answering and training do not overlap: the larger of the two counts, the other is grey.</p>
      )}
      {fitted && sameKnobs(settings, fitted.after) && (
        <p className={styles.fits}>
          {`${changesText(choiceOf(fitted.before), choiceOf(fitted.after))} chosen, because the settings before needed ${formatBytes(fitted.plan.peakBytes)} of ${formatBytes(fitted.plan.budgetBytes)}.`}
        </p>
      )}
      {fits ? (
        <p className={styles.fits}>Fits.</p>
      ) : (
        <Message tone="warn">
          <p>
            {`Does not fit: it takes ${formatBytes(peakBytes)} and ${formatBytes(budgetBytes)} may be used. `}
            {proposal
              ? ""
              : "No number format and context make it fit; choose a smaller model, or set the memory limit if this GPU has more."}
          </p>
          {proposal && (
            <div>
              <Button
                label={`${proposalText(choiceOf(settings), proposal)}, ${formatBytes(proposal.peakBytes)}`}
                icon={<Wand2 aria-hidden />}
                onPress={() => setSettings(proposalSettings(settings, proposal))}
              />
            </div>
          )}
        </Message>
      )}
    </section>
  );
}

function choiceOf(settings: Settings) {
  return { precision: precisionOf(settings), use: memoryUseOf(settings) };
}
