// The stages of a step from left to right, each with its headline number and a bar per rollout. One tab stop; the arrow keys go from
// stage to stage.
import { ChevronRight } from "lucide-react";
import { type KeyboardEvent, useRef } from "react";
import { classes } from "@/ui/classes";
import { GroupBars } from "./GroupBars";
import styles from "./StageStrip.module.css";
import { type Stage, type StageContext, stages } from "./stages";
import { type StageId, useStepView } from "./stepView";

const steps: Readonly<Record<string, number>> = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };

/** The strip; the open stage is drawn below it by the panel. */
export function StageStrip({ context, open }: { readonly context: StageContext; readonly open: StageId }) {
  const list = useRef<HTMLOListElement>(null);
  const set = useStepView((state) => state.set);
  const go = (event: KeyboardEvent) => {
    const at = stages.findIndex(({ id }) => id === open);
    const to = event.key === "Home" ? 0 : event.key === "End" ? stages.length - 1 : at + (steps[event.key] ?? 0);
    const stage = stages[Math.min(Math.max(to, 0), stages.length - 1)];
    if (!stage || !(event.key in steps || event.key === "Home" || event.key === "End")) return;
    event.preventDefault();
    set({ stage: stage.id });
    list.current?.querySelectorAll("button")[stages.indexOf(stage)]?.focus();
  };
  return (
    <nav aria-label="Stages of the step" className={styles.scroller}>
      <ol ref={list} className={styles.strip} onKeyDown={go}>
        {stages.map((stage, i) => (
          <li key={stage.id} className={styles.item}>
            {i > 0 && <ChevronRight aria-hidden className={styles.arrow} />}
            <Card stage={stage} place={i + 1} context={context} isOpen={stage.id === open} />
          </li>
        ))}
      </ol>
    </nav>
  );
}

interface CardProps {
  readonly stage: Stage;
  readonly place: number;
  readonly context: StageContext;
  readonly isOpen: boolean;
}

function Card({ stage, place, context, isOpen }: CardProps) {
  const set = useStepView((state) => state.set);
  const [headline, of] = stage.headline(context);
  const { rollouts } = context.group;
  const { before, after } = context;
  return (
    <button
      type="button"
      className={classes(styles.card, isOpen && styles.open)}
      aria-current={isOpen ? "step" : undefined}
      tabIndex={isOpen ? 0 : -1}
      onClick={() => set({ stage: stage.id })}
    >
      <span className={styles.title}>
        {place} {stage.title}
      </span>
      <span className={styles.headline}>{headline}</span>
      <span className={styles.of}>{of}</span>
      <span aria-hidden className={styles.bars}>
        <GroupBars
          label={stage.bar}
          values={rollouts.map((i) => stage.barOf(context, i, after))}
          before={before === after ? null : rollouts.map((i) => stage.barOf(context, i, before))}
          open={rollouts.indexOf(context.rollout)}
          width={120}
          height={16}
        />
      </span>
    </button>
  );
}
