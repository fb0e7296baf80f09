// The page: top bar, notes, input beside answer and inspector over the training drawer, status bar. Layouts by width: three columns,
// two columns with the inspector below the answer, or tabs. What stands where comes from `panels.ts`.
import { useEffect, useState } from "react";
import { Group, Panel as Pane, Separator, useDefaultLayout } from "react-resizable-panels";
import { useStore } from "@/state/store";
import { guideOrder, useGuide } from "@/views/guide/guideStore";
import { InterruptedNote } from "@/views/runs/InterruptedNote";
import styles from "./App.module.css";
import { EmbeddedPanel } from "./EmbeddedPanel";
import { LossNote } from "./LossNote";
import { FallbackNote, FirstVisitNote } from "./Notes";
import { Dialogs, Guide } from "./Overlays";
import { PanelBox } from "./PanelBox";
import { PanelMenu } from "./PanelMenu";
import { drawerPanels, type Panel, panels } from "./panels";
import { StatusBar } from "./StatusBar";
import { useShell } from "./shell";
import { shownPartsOf } from "./shownParts";
import { Tabs } from "./Tabs";
import { TopBar } from "./TopBar";
import { useMediaQuery } from "./useMediaQuery";
import { useShortcuts } from "./useShortcuts";
import { useTheme } from "./useTheme";

const allPanels: readonly Panel[] = [...Object.values(panels), ...drawerPanels];
const { embed, hidden, problems } = shownPartsOf(
  location,
  allPanels.map(({ id }) => id),
);
// Other sites may frame one panel, whatever they write behind "embed"; the whole page with its runs is not theirs to lead clicks onto.
const embedded = allPanels.find(({ id }) => id === embed) ?? (window.top === window ? undefined : panels.answer);
const shownTabs = drawerPanels.filter(({ id }) => !hidden.has(id));

/** The whole page, or the one panel that the address asks for. */
export function App() {
  useShortcuts();
  useTheme();
  useEffect(() => {
    for (const problem of problems) useStore.getState().notify("error", problem);
  }, []);
  return embedded ? <EmbeddedPanel panel={embedded} /> : <WholePage />;
}

function WholePage() {
  const isGuided = useGuide((state) => state.page !== null);
  // The guide takes the inspector's place beside the answer.
  const isWide = useMediaQuery(isGuided ? "(min-width: 1700px)" : "(min-width: 1100px)");
  const isNarrow = useMediaQuery("(max-width: 767px)");
  return (
    <div className={styles.page}>
      {!hidden.has("top") && <TopBar />}
      {!hidden.has("notes") && (
        <>
          <FallbackNote />
          <LossNote />
          <InterruptedNote />
        </>
      )}
      <div className={styles.beside}>
        <main className={styles.main}>{isNarrow ? <TabbedLayout /> : <ColumnLayout isWide={isWide} />}</main>
        <Guide />
      </div>
      {!hidden.has("status") && <StatusBar />}
      <Dialogs />
    </div>
  );
}

// Input takes the whole height on the left, so that picture, question and Ask are in sight whatever the drawer's height.
function ColumnLayout({ isWide }: { isWide: boolean }) {
  const sides = useDefaultLayout({ id: "sides" });
  const rows = useDefaultLayout({ id: "rows" });
  return (
    <Group id="sides" orientation="horizontal" className={styles.group} {...sides}>
      {!hidden.has("prompt") && (
        <>
          <Pane id="prompt" defaultSize={308} minSize={260} maxSize="40" groupResizeBehavior="preserve-pixel-size">
            <PanelBox panel={panels.prompt} />
          </Pane>
          <Separator className={styles.columnHandle} aria-label="Width of the input panel" />
        </>
      )}
      <Pane id="stage" minSize={360}>
        <Group id="rows" orientation="vertical" className={styles.group} {...rows}>
          <Pane id="work" minSize={200}>
            {isWide && !hidden.has("inspector") ? <AnswerColumns /> : <Center hasInspector={!hidden.has("inspector")} />}
          </Pane>
          {!hidden.has("train") && (
            <>
              <Separator className={styles.rowHandle} aria-label="Height of the training panel" />
              <Pane
                id="drawer"
                defaultSize={innerHeight < 820 ? 152 : 244}
                minSize={37}
                maxSize="75"
                groupResizeBehavior="preserve-pixel-size"
              >
                <Drawer />
              </Pane>
            </>
          )}
        </Group>
      </Pane>
    </Group>
  );
}

function AnswerColumns() {
  const columns = useDefaultLayout({ id: "columns" });
  return (
    <Group id="columns" orientation="horizontal" className={styles.group} {...columns}>
      <Pane id="center" minSize={360}>
        <Center hasInspector={false} />
      </Pane>
      <Separator className={styles.columnHandle} aria-label="Width of the inspector" />
      <Pane id="inspector" defaultSize={360} minSize={280} groupResizeBehavior="preserve-pixel-size">
        <PanelBox panel={panels.inspector} />
      </Pane>
    </Group>
  );
}

function Center({ hasInspector }: { hasInspector: boolean }) {
  return (
    <div className={styles.center}>
      {!hidden.has("notes") && <FirstVisitNote />}
      <div className={styles.answer}>
        <PanelBox panel={panels.answer} />
      </div>
      {!hidden.has("distribution") && (
        <div className={styles.distribution}>
          <PanelBox panel={panels.distribution} />
        </div>
      )}
      {hasInspector && (
        <div className={styles.inspector}>
          <PanelBox panel={panels.inspector} />
        </div>
      )}
    </div>
  );
}

const parts = [
  { id: "input", title: "Input" },
  { id: "answer", title: "Answer" },
  { id: "train", title: "Train" },
] as const;

/** Parts of a narrow page that are not hidden. */
const shownNarrow = parts.filter(
  ({ id }) => !(id === "input" && hidden.has("prompt")) && !(id === "train" && hidden.has("train")),
);

function TabbedLayout() {
  const [part, setPart] = useState<(typeof parts)[number]["id"]>(shownNarrow[0]?.id ?? "answer");
  const guidePage = useGuide((state) => state.page);
  // What the guide talks about comes to the front.
  useEffect(() => {
    if (guidePage !== null) setPart(guideOrder[guidePage - 1]?.place ?? "input");
  }, [guidePage]);
  return (
    <Tabs label="Parts of the page" tabs={shownNarrow} selected={part} onSelect={setPart}>
      {part === "input" && <PanelBox panel={panels.prompt} />}
      {part === "answer" && <Center hasInspector={!hidden.has("inspector")} />}
      {part === "train" && <Drawer />}
    </Tabs>
  );
}

/** The tabs of the lower part. */
function Drawer() {
  const tab = useShell((state) => state.tab);
  const openTab = useShell((state) => state.openTab);
  const panel = shownTabs.find(({ id }) => id === tab) ?? shownTabs[0];
  return (
    <section className={styles.drawer} aria-label="Training">
      <Tabs
        label="Training views"
        tabs={shownTabs}
        selected={panel?.id ?? tab}
        onSelect={openTab}
        end={panel && <PanelMenu panel={panel} />}
      >
        {panel && <PanelBox key={panel.id} panel={panel} />}
      </Tabs>
    </section>
  );
}
