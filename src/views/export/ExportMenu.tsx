// The menu of a panel: whole things it can give away, then its figures and tables, each in the kinds it has. With many of them each has a
// submenu, so that the list stays short. Without a panel: everything that is on the page.
import type { RefObject } from "react";
import { Header, Menu, MenuItem, MenuSection, Popover, Separator, SubmenuTrigger } from "react-aria-components";
import { type ExportSource, useExports } from "@/state/exportSources";
import { documents, exportSource } from "./documents";
import styles from "./ExportMenu.module.css";
import { chooseView } from "./openView";
import { kindsOf } from "./sourceFiles";

export interface ExportMenuProps {
  /** Id of a panel; null for the whole page. */
  readonly panel: string | null;
  readonly label: string;
  readonly trigger: RefObject<HTMLElement | null>;
  readonly onClose: () => void;
}

/** More figures than that, and each gets a submenu. */
const mostFlat = 2;

/** The open menu. */
export function ExportMenu({ panel, label, trigger, onClose }: ExportMenuProps) {
  const sources = useExports((state) => state.sources).filter((source) => panel === null || source.panel === panel);
  const whole = documents.filter(({ panels }) => panel === null || panels.includes(panel));
  const everything = documents.filter(({ id }) => id === "everything" && panel !== null);
  const isFlat = sources.length <= mostFlat;
  return (
    <Popover
      className={styles.popover ?? ""}
      triggerRef={trigger}
      isOpen
      onOpenChange={(isOpen) => !isOpen && onClose()}
      placement="bottom end"
      offset={4}
    >
      <Menu className={styles.menu ?? ""} aria-label={label} autoFocus="first" onClose={onClose}>
        <MenuSection className={styles.section ?? ""}>
          <Header className={styles.header ?? ""}>{panel === null ? "This page" : "As a whole"}</Header>
          {whole.map(({ id, title, isThere, run }) => (
            <Item key={id} id={id} isDisabled={!isThere()} onAction={() => void run()}>
              {title}
            </Item>
          ))}
          {(panel === null || panel === "answer" || panel === "prompt") && (
            <Item id="open" onAction={chooseView}>
              Open a saved view …
            </Item>
          )}
          {everything.map(({ id, title, run }) => (
            <Item key={id} id={id} onAction={() => void run()}>
              {title}
            </Item>
          ))}
        </MenuSection>
        {sources.length > 0 && <Separator className={styles.separator ?? ""} />}
        {isFlat ? (
          sources.map((source) => <FlatSource key={source.id} source={source} />)
        ) : (
          <MenuSection className={styles.section ?? ""}>
            <Header className={styles.header ?? ""}>Figures and tables</Header>
            {sources.map((source) => (
              <SubmenuTrigger key={source.id}>
                <Item id={`source-${source.id}`}>{source.title}</Item>
                <Popover className={styles.popover ?? ""} offset={-2}>
                  <Menu className={styles.menu ?? ""} aria-label={source.title} onClose={onClose}>
                    {kindsOf(source).map((kind) => (
                      <Item key={kind} id={kind} onAction={() => void exportSource(source, kind)}>
                        {kind}
                      </Item>
                    ))}
                  </Menu>
                </Popover>
              </SubmenuTrigger>
            ))}
          </MenuSection>
        )}
      </Menu>
    </Popover>
  );
}

function FlatSource({ source }: { readonly source: ExportSource }) {
  return (
    <MenuSection className={styles.section ?? ""}>
      <Header className={styles.header ?? ""}>{source.title}</Header>
      {kindsOf(source).map((kind) => (
        <Item key={kind} id={`${source.id}-${kind}`} onAction={() => void exportSource(source, kind)}>
          {kind}
        </Item>
      ))}
    </MenuSection>
  );
}

interface ItemProps {
  readonly id: string;
  readonly children: string;
  readonly isDisabled?: boolean;
  readonly onAction?: () => void;
}

function Item({ id, children, isDisabled = false, onAction }: ItemProps) {
  return (
    <MenuItem
      id={id}
      textValue={children}
      className={styles.item ?? ""}
      isDisabled={isDisabled}
      {...(onAction ? { onAction } : {})}
    >
      {({ hasSubmenu }) => (
        <>
          <span className={styles.text}>{children}</span>
          {hasSubmenu && <span aria-hidden>›</span>}
        </>
      )}
    </MenuItem>
  );
}
