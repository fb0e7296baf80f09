// Commands and keys in one dialog: every row of the actions table with its keys, searchable; Enter runs the chosen one. It is the
// command palette and the shortcut sheet at once.
import { type KeyboardEvent, useState } from "react";
import { Dialog, Modal, ModalOverlay } from "react-aria-components";
import { useStore } from "@/state/store";
import type { Action, ActionGroup } from "./actionRows/actionRow";
import { actionList, keyLabel } from "./actions";
import styles from "./CommandSheet.module.css";
import { fuzzyScore } from "./fuzzy";
import { useShell } from "./shell";
import { useExportActions } from "./useExportActions";

const groups: readonly ActionGroup[] = ["Ask", "Train", "Look", "Page"];

/** The dialog; closed unless the shell says otherwise. */
export function CommandSheet() {
  const isOpen = useShell((state) => state.isSheetOpen);
  const openSheet = useShell((state) => state.openSheet);
  return (
    <ModalOverlay className={styles.overlay ?? ""} isOpen={isOpen} onOpenChange={openSheet} isDismissable>
      <Modal>
        <Dialog className={styles.dialog ?? ""} aria-label="Commands and keys">
          <Commands onDone={() => openSheet(false)} />
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}

function Commands({ onDone }: { onDone: () => void }) {
  const [query, setQuery] = useState("");
  const [chosen, setChosen] = useState(0);
  const singleKeys = useShell((state) => state.singleKeys);
  const setSingleKeys = useShell((state) => state.setSingleKeys);
  const exportable = useExportActions();
  // Exports are many: they come when they are searched for.
  const offered = query.trim() === "" ? actionList : [...actionList, ...exportable];
  const found = search(offered, query);
  const run = (action: Action | undefined) => {
    if (!action?.isEnabled(useStore.getState()) || action.id === "commands") return;
    onDone();
    // After the dialog has given the focus back, so that "Go to …" keeps it.
    setTimeout(action.run, 0);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const by = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (by !== 0) {
      event.preventDefault();
      setChosen((chosen + by + found.length) % Math.max(1, found.length));
    }
    if (event.key === "Enter") {
      event.preventDefault();
      run(found[chosen]);
    }
  };
  return (
    <>
      <input
        // biome-ignore lint/a11y/noAutofocus: a dialog opened by the user puts the focus on its first field
        autoFocus
        className={styles.search}
        type="search"
        role="combobox"
        aria-expanded="true"
        aria-controls="command-list"
        aria-activedescendant={found[chosen] ? `command-${found[chosen].id}` : undefined}
        aria-label="Search commands"
        placeholder="Search commands"
        value={query}
        onChange={(event) => {
          setQuery(event.target.value);
          setChosen(0);
        }}
        onKeyDown={onKeyDown}
      />
      <div id="command-list" role="listbox" aria-label="Commands" className={styles.list} tabIndex={-1}>
        {found.map((action, i) => (
          <CommandRow
            key={action.id}
            action={action}
            isChosen={i === chosen}
            onLook={() => setChosen(i)}
            onRun={() => run(action)}
          />
        ))}
        {found.length === 0 && <p className={styles.none}>No command has that name.</p>}
      </div>
      <label className={styles.switch}>
        <input type="checkbox" checked={singleKeys} onChange={(event) => setSingleKeys(event.target.checked)} />
        Single letters act as keys outside fields and buttons
      </label>
    </>
  );
}

interface CommandRowProps {
  readonly action: Action;
  readonly isChosen: boolean;
  readonly onLook: () => void;
  readonly onRun: () => void;
}

function CommandRow({ action, isChosen, onLook, onRun }: CommandRowProps) {
  const isEnabled = useStore(action.isEnabled);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: keys act on the search field, which has the focus
    <div
      id={`command-${action.id}`}
      role="option"
      tabIndex={-1}
      aria-selected={isChosen}
      aria-disabled={!isEnabled}
      className={styles.row}
      onPointerEnter={onLook}
      onClick={onRun}
    >
      <span className={styles.group}>{action.group}</span>
      <span>{action.label}</span>
      <span className={styles.keys}>
        {action.keys.map((key) => (
          <kbd key={key}>{keyLabel(key)}</kbd>
        ))}
      </span>
    </div>
  );
}

/** The actions that fit what was typed, the best first; all of them, by group, while nothing was. */
function search(offered: readonly Action[], query: string): readonly Action[] {
  if (query.trim() === "") return groups.flatMap((group) => offered.filter((action) => action.group === group));
  return offered
    .flatMap((action) => {
      const score = fuzzyScore(`${action.label} ${action.group}`, query);
      return score === null ? [] : [{ action, score }];
    })
    .sort((a, b) => a.score - b.score)
    .map(({ action }) => action);
}
