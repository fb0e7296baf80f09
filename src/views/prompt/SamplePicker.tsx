// The sample pictures: one press sets picture, question and the known answer. The sentence below says what the sample under the
// pointer (or the chosen one) proves.
import { EyeOff } from "lucide-react";
import { type ReactNode, useState } from "react";
import { useStore } from "@/state/store";
import { classes } from "@/ui/classes";
import { PixelImage } from "@/ui/PixelImage";
import styles from "./PromptPanel.module.css";
import { type Sample, samples } from "./samples";

/** The grid of samples. */
export function SamplePicker({ onPick, upload }: { onPick: (sample: Sample) => void; upload: ReactNode }) {
  const chosen = useStore((state) => state.input.sample);
  const [looked, setLooked] = useState<string | null>(null);
  const shown = samples().find(({ id }) => id === (looked ?? chosen));
  return (
    <section className={styles.samples} aria-label="Samples">
      <div className={styles.headingRow}>
        <h3 className={styles.heading}>Samples</h3>
        {upload}
      </div>
      <ul className={styles.sampleGrid} onPointerLeave={() => setLooked(null)}>
        {samples().map((sample) => (
          <li key={sample.id}>
            <button
              type="button"
              className={classes(styles.sample)}
              aria-pressed={sample.id === chosen}
              aria-label={`${sample.question} ${sample.proves}`}
              onClick={() => onPick(sample)}
              onPointerEnter={() => setLooked(sample.id)}
              onFocus={() => setLooked(sample.id)}
              onBlur={() => setLooked(null)}
            >
              <PixelImage image={sample.image} label="" />
              {!sample.needsImage && (
                <span className={styles.controlBadge}>
                  <EyeOff aria-hidden />
                </span>
              )}
            </button>
          </li>
        ))}
      </ul>
      <p className={styles.proves}>
        {shown ? (
          <>
            <strong>{shown.question}</strong> {shown.proves}
          </>
        ) : (
          "Twelve held-out problems, each with a point to prove. An eye struck through marks a question that needs no picture."
        )}
      </p>
    </section>
  );
}
