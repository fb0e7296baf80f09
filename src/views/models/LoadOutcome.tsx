// How the last load ended: the model in use with the times of its load, or what went wrong, which stays until another try.
import { RefreshCw } from "lucide-react";
import type { ModelReport } from "@/protocol/engine";
import { precisionText } from "@/state/models/modelEstimate";
import { loadAgain, loadModel } from "@/state/models/modelJob";
import { useStore } from "@/state/store";
import { Button } from "@/ui/Button";
import { formatBytes, formatCount } from "@/ui/formatNumber";
import { Message } from "@/ui/Message";
import { embeddedSource } from "./embeddedSource";
import styles from "./LoadOutcome.module.css";

/** The outcome; nothing while a load runs. */
export function LoadOutcome() {
  const model = useStore((state) => state.model);
  const loadError = useStore((state) => state.loadError);
  if (model.status === "loading") return null;
  const error = loadError ?? (model.status === "failed" ? model.message : null);
  return (
    <>
      {error && (
        <Message tone="bad">
          <p>{error}</p>
          <div className={styles.buttons}>
            <Button label="Try again" icon={<RefreshCw aria-hidden />} onPress={() => void loadAgain()} />
            {model.status !== "ready" && (
              <Button label="Load the embedded model" onPress={() => void loadModel(embeddedSource())} />
            )}
          </div>
        </Message>
      )}
      {model.status === "ready" ? <InUse model={model.model} /> : <p className={styles.used}>No model is loaded.</p>}
    </>
  );
}

function InUse({ model: { name, parameters, sizeBytes, precision } }: { model: ModelReport }) {
  return (
    <p className={styles.used}>
      In use: <strong>{name}</strong>
      {`, ${formatCount(parameters)} parameters, ${precisionText(precision)}, ${formatBytes(sizeBytes)}`}
    </p>
  );
}
