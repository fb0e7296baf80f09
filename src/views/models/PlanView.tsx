// A memory plan: its lines as one bar against the budget and as numbers, whether it fits in words, and the nearest choice that does.
import { Wand2 } from "lucide-react";
import type { MemoryPlan } from "@/protocol/model";
import { memoryUseOf, precisionOf } from "@/state/requests";
import { useStore } from "@/state/store";
import { Button } from "@/ui/Button";
import { classes } from "@/ui/classes";
import { formatBytes } from "@/ui/formatNumber";
import { Message } from "@/ui/Message";
import styles from "./PlanView.module.css";
import { planSentence, proposalSettings, proposalText } from "./planText";

/** The plan; `isOld` while a newer one is being made. */
export function PlanView({ plan, isOld = false }: { plan: MemoryPlan; isOld?: boolean }) {
  const settings = useStore((state) => state.settings);
  const setSettings = useStore((state) => state.setSettings);
  const { lines, peakBytes, budgetBytes, fits, proposal } = plan;
  const sum = lines.reduce((total, { bytes }) => total + bytes, 0);
  const whole = Math.max(sum, budgetBytes, 1);
  return (
    <section className={classes(styles.plan, isOld && styles.old)} aria-label="Memory plan">
      <h4 className={styles.title}>{`Memory on the GPU: ${formatBytes(peakBytes)} of ${formatBytes(budgetBytes)}`}</h4>
      <div className={styles.bar} role="img" aria-label={planSentence(plan)}>
        {lines.map(({ what, bytes }, i) => (
          <span key={what} className={styles.part} data-part={i % 7} style={{ width: `${(bytes / whole) * 100}%` }} />
        ))}
        <span className={styles.budget} style={{ left: `${(budgetBytes / whole) * 100}%` }} />
      </div>
      <ul className={styles.lines}>
        {lines.map(({ what, bytes }, i) => (
          <li key={what} className={styles.line}>
            <span className={styles.swatch} data-part={i % 7} aria-hidden />
            <span>{what}</span>
            <span className={styles.number}>{formatBytes(bytes)}</span>
          </li>
        ))}
      </ul>
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
                label={`${proposalText({ precision: precisionOf(settings), use: memoryUseOf(settings) }, proposal)}, ${formatBytes(proposal.peakBytes)}`}
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
