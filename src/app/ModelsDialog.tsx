// The dialog that holds the model chooser: opened from the top bar, the command sheet and the System tab. Loading goes on when it is
// closed; top bar and status bar show how far it is.
import { Dialog, Modal, ModalOverlay } from "react-aria-components";
import { useStore } from "@/state/store";
import styles from "./ModelsDialog.module.css";
import { PanelBox } from "./PanelBox";
import { modelsPanel } from "./panels";

/** The dialog; closed unless the store says otherwise. */
export function ModelsDialog() {
  const isOpen = useStore((state) => state.isChooserOpen);
  const openChooser = useStore((state) => state.openChooser);
  return (
    <ModalOverlay className={styles.overlay ?? ""} isOpen={isOpen} onOpenChange={openChooser} isDismissable>
      <Modal>
        <Dialog className={styles.dialog ?? ""} aria-label="Models">
          <PanelBox panel={modelsPanel} />
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}
