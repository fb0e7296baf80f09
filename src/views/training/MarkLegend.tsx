// The legend of the marks on the charts: each kind with its shape and how often it occurs in the shown steps; a press goes to its next step.
import { useStore } from "@/state/store";
import { type ChartMark, type MarkKind, markShapes } from "@/ui/charts/chartMarks";
import styles from "./TrainingPanel.module.css";

const kinds: readonly MarkKind[] = ["flat", "skipped", "settings"];

/** One button per kind of mark; nothing where there is none. */
export function MarkLegend({ marks }: { readonly marks: readonly ChartMark[] }) {
  const step = useStore((state) => state.step);
  const setStep = useStore((state) => state.setStep);
  const present = kinds.map((kind) => ({ kind, marked: marks.filter((mark) => mark.kind === kind) }));
  if (marks.length === 0) return null;
  return (
    <ul className={styles.marks} aria-label="Marks in the charts">
      {present.map(({ kind, marked }) => {
        const next = marked.find((mark) => step !== null && mark.step > step) ?? marked[0];
        if (!next) return null;
        const { sign, name } = markShapes[kind];
        return (
          <li key={kind}>
            <button
              type="button"
              className={styles.mark}
              title={`${next.text} Press to go to step ${next.step}.`}
              onClick={() => setStep(next.step)}
            >
              <span aria-hidden>{sign}</span>
              {`${name}: ${marked.length} ${marked.length === 1 ? "step" : "steps"}`}
            </button>
          </li>
        );
      })}
    </ul>
  );
}
