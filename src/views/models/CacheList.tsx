// What the weight cache holds: every model with its number formats and size, whole or to be resumed, and how much the browser grants.
// Deleting asks once more.
import { Trash2 } from "lucide-react";
import { useState } from "react";
import type { CachedModel } from "@/protocol/model";
import { parseModelAddress } from "@/protocol/modelAddress";
import { precisionText } from "@/state/models/modelEstimate";
import { deleteCached } from "@/state/models/modelJob";
import { useStore } from "@/state/store";
import { Button } from "@/ui/Button";
import { formatBytes } from "@/ui/formatNumber";
import { Message } from "@/ui/Message";
import styles from "./CacheList.module.css";

const day = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });

/** The cached models. */
export function CacheList() {
  const cache = useStore((state) => state.cache);
  if (!cache) return null;
  const { models, usedBytes, quotaBytes, unavailable } = cache;
  return (
    <section className={styles.cache} aria-label="Cache">
      <h3 className={styles.title}>On this device</h3>
      {unavailable && <Message tone="warn">{unavailable}</Message>}
      {!unavailable && (
        <p className={styles.note}>
          {models.length === 0
            ? "No weights are cached. What you load is kept here, so that the next time reads no network. "
            : `${formatBytes(usedBytes)} used. `}
          {quotaBytes !== undefined && `The browser grants ${formatBytes(quotaBytes)}.`}
        </p>
      )}
      <ul className={styles.list}>
        {models.map((model) => (
          <CachedRow key={model.id} model={model} />
        ))}
      </ul>
      {(models.length > 1 || (models.length === 0 && usedBytes > 0)) && (
        <DeleteButton
          label="Delete all"
          question={`Delete all ${formatBytes(usedBytes)}?`}
          onConfirm={() => deleteCached("all")}
        />
      )}
    </section>
  );
}

function CachedRow({ model }: { model: CachedModel }) {
  const choose = useStore((state) => state.choose);
  const { id, name, precision, bytes, complete, lastUsed } = model;
  const place = placeOf(name);
  const label = precisionText(precision);
  return (
    <li className={styles.row}>
      <div>
        {place ? (
          <button type="button" className={styles.name} onClick={() => choose(place)}>
            {name}
          </button>
        ) : (
          <span>{name}</span>
        )}
        <p className={styles.note}>
          {`${label} · ${formatBytes(bytes)} · ${complete ? "complete" : "resumable"} · used ${day.format(lastUsed)}`}
        </p>
      </div>
      <DeleteButton label="Delete" spoken={`Delete ${name}, ${label}`} question="Delete it?" onConfirm={() => deleteCached(id)} />
    </li>
  );
}

/** Where a cached model came from, if its name says so: folders of this machine have to be opened again. */
function placeOf(name: string) {
  try {
    return parseModelAddress(name);
  } catch {
    return null;
  }
}

interface DeleteButtonProps {
  readonly label: string;
  readonly spoken?: string;
  readonly question: string;
  readonly onConfirm: () => Promise<void>;
}

function DeleteButton({ label, spoken, question, onConfirm }: DeleteButtonProps) {
  const [asks, setAsks] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const confirm = async () => {
    setBusy(true);
    await onConfirm();
    setBusy(false);
    setAsks(false);
  };
  if (!asks) {
    return (
      <Button
        label={spoken ?? label}
        iconOnly={spoken !== undefined}
        tone="quiet"
        icon={<Trash2 aria-hidden />}
        onPress={() => setAsks(true)}
      />
    );
  }
  return (
    // biome-ignore lint/a11y/useSemanticElements: a question with two buttons is no form
    <div className={styles.question} role="group" aria-label={question}>
      <span role="alert">{question}</span>
      <Button label={isBusy ? "Deleting…" : "Yes, delete"} tone="danger" disabled={isBusy} onPress={() => void confirm()} />
      <Button label="Keep" onPress={() => setAsks(false)} />
    </div>
  );
}
