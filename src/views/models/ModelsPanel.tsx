// The model chooser: what there is to choose on the left, what the chosen one is and takes on the right. Dropping a folder anywhere on it
// chooses that folder. Nothing is fetched before Load but a model's small files.
import { X } from "lucide-react";
import { type DragEvent, useEffect, useRef, useState } from "react";
import { filesOfDrop } from "@/client/localFiles";
import { readCache } from "@/state/models/modelJob";
import { useStore } from "@/state/store";
import { Button } from "@/ui/Button";
import { classes } from "@/ui/classes";
import { EmptyState } from "@/ui/Message";
import { CacheList } from "./CacheList";
import { LoadingView } from "./LoadingView";
import { LoadOutcome } from "./LoadOutcome";
import { ModelDetails } from "./ModelDetails";
import { ModelList } from "./ModelList";
import styles from "./ModelsPanel.module.css";
import { OwnModel } from "./OwnModel";
import { useFolderInput } from "./useFolderInput";

/** The chooser. */
export function ModelsPanel() {
  const isLoading = useStore((state) => state.model.status === "loading");
  const chosen = useStore((state) => state.chosen);
  const openChooser = useStore((state) => state.openChooser);
  const folder = useFolderInput();
  const [isOver, setOver] = useState(false);
  useEffect(() => void readCache(), []);
  const panel = useRef<HTMLDivElement>(null);
  // On a phone both parts are one column, with what was chosen on top.
  useEffect(() => {
    if (chosen) panel.current?.scrollTo({ top: 0 });
  }, [chosen]);
  const onDrop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    const { dataTransfer } = event;
    void folder.take(() => filesOfDrop(dataTransfer));
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: dropping is an extra way; the folder button does the same by key
    <div
      ref={panel}
      className={classes(styles.panel, isOver && styles.over)}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={(event) => {
        if (!event.currentTarget.contains(event.relatedTarget as Node | null)) setOver(false);
      }}
      onDrop={onDrop}
    >
      <header className={styles.head}>
        <h2 className={styles.title}>Models</h2>
        <Button label="Close" iconOnly tone="quiet" icon={<X aria-hidden />} onPress={() => openChooser(false)} />
      </header>
      <div className={styles.choices}>
        <OwnModel folder={folder} />
        <ModelList />
        <CacheList />
      </div>
      <div className={styles.details}>
        {isLoading ? (
          <LoadingView />
        ) : (
          <>
            <LoadOutcome />
            {chosen ? (
              <ModelDetails source={chosen} />
            ) : (
              <EmptyState>Choose a model to see what it is and how much memory it takes, before anything is fetched.</EmptyState>
            )}
          </>
        )}
      </div>
    </div>
  );
}
