// How the last load ended: the model in use with the times of its load, or what went wrong, which stays until another try.
import { RefreshCw } from "lucide-react";
import { precisionText } from "@/state/modelEstimate";
import { loadAgain, loadModel } from "@/state/modelJob";
import { useStore } from "@/state/store";
import { Button } from "@/ui/Button";
import { formatBytes, formatCount } from "@/ui/formatNumber";
import { Message } from "@/ui/Message";
import { embeddedSource } from "./embeddedSource";
import styles from "./LoadOutcome.module.css";

/** The outcome; nothing before the first load. */
export function LoadOutcome() {
  const model = useStore((state) => state.model);
  switch (model.status) {
    case "loading":
      return null;
    case "none":
      return <p className={styles.used}>No model is loaded.</p>;
    case "ready": {
      const { name, parameters, sizeBytes, precision } = model.model;
      return (
        <p className={styles.used}>
          In use: <strong>{name}</strong>
          {`, ${formatCount(parameters)} parameters, ${precisionText(precision)}, ${formatBytes(sizeBytes)}`}
        </p>
      );
    }
    case "failed":
      return (
        <Message tone="bad">
          <p>{model.message}</p>
          <div className={styles.buttons}>
            <Button label="Try again" icon={<RefreshCw aria-hidden />} onPress={() => void loadAgain()} />
            <Button label="Load the embedded model" onPress={() => void loadModel(embeddedSource())} />
          </div>
        </Message>
      );
    default:
      return model satisfies never;
  }
}
