// The page: top bar, notes, input beside answer and inspector over the training drawer, status bar. Layouts by width: three columns,
// two columns with the inspector below the answer, or tabs. What stands where comes from `panels.ts`.
import { useEffect, useState } from "react";
import { type Key, Tab, TabList, TabPanel, Tabs } from "react-aria-components";
import { Group, Panel as Pane, Separator, useDefaultLayout } from "react-resizable-panels";
import { guideOrder, useGuide } from "@/views/guide/guideStore";
import { InterruptedNote } from "@/views/runs/InterruptedNote";
import styles from "./App.module.css";
import { FallbackNote, FirstVisitNote } from "./Notes";
import { Dialogs, Guide } from "./Overlays";
import { PanelBox } from "./PanelBox";
import { drawerPanels, panels } from "./panels";
import { StatusBar } from "./StatusBar";
import { useShell } from "./shell";
import { TopBar } from "./TopBar";
import { useMediaQuery } from "./useMediaQuery";
import { useShortcuts } from "./useShortcuts";
import { useTheme } from "./useTheme";

/** The whole page. */
export function App() {
  useShortcuts();
  useTheme();
  const isWide = useMediaQuery("(min-width: 1100px)");
  const isNarrow = useMediaQuery("(max-width: 767px)");
  return (
    <div className={styles.page}>
      <TopBar />
      <FallbackNote />
      <InterruptedNote />
      <div className={styles.beside}>
        <main className={styles.main}>{isNarrow ? <TabbedLayout /> : <ColumnLayout isWide={isWide} />}</main>
        <Guide />
      </div>
      <StatusBar />
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
      <Pane id="prompt" defaultSize={308} minSize={260} maxSize="40" groupResizeBehavior="preserve-pixel-size">
        <PanelBox panel={panels.prompt} />
      </Pane>
      <Separator className={styles.columnHandle} aria-label="Width of the input panel" />
      <Pane id="stage" minSize={360}>
        <Group id="rows" orientation="vertical" className={styles.group} {...rows}>
          <Pane id="work" minSize={200}>
            {isWide ? <AnswerColumns /> : <Center hasInspector />}
          </Pane>
          <Separator className={styles.rowHandle} aria-label="Height of the training panel" />
          <Pane id="drawer" defaultSize={244} minSize={37} maxSize="75" groupResizeBehavior="preserve-pixel-size">
            <Drawer />
          </Pane>
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
      <FirstVisitNote />
      <div className={styles.answer}>
        <PanelBox panel={panels.answer} />
      </div>
      <div className={styles.distribution}>
        <PanelBox panel={panels.distribution} />
      </div>
      {hasInspector && <PanelBox panel={panels.inspector} />}
    </div>
  );
}

function TabbedLayout() {
  const [part, setPart] = useState<Key>("input");
  const guidePage = useGuide((state) => state.page);
  // What the guide talks about comes to the front.
  useEffect(() => {
    if (guidePage !== null) setPart(guideOrder[guidePage - 1]?.place ?? "input");
  }, [guidePage]);
  return (
    <Tabs className={styles.tabs ?? ""} selectedKey={part} onSelectionChange={setPart}>
      <TabList className={styles.tabList ?? ""} aria-label="Parts of the page">
        <Tab className={styles.tab ?? ""} id="input">
          Input
        </Tab>
        <Tab className={styles.tab ?? ""} id="answer">
          Answer
        </Tab>
        <Tab className={styles.tab ?? ""} id="train">
          Train
        </Tab>
      </TabList>
      <TabPanel className={styles.tabPanel ?? ""} id="input">
        <PanelBox panel={panels.prompt} />
      </TabPanel>
      <TabPanel className={styles.tabPanel ?? ""} id="answer">
        <Center hasInspector />
      </TabPanel>
      <TabPanel className={styles.tabPanel ?? ""} id="train">
        <Drawer />
      </TabPanel>
    </Tabs>
  );
}

/** The tabs of the lower part. */
function Drawer() {
  const tab = useShell((state) => state.tab);
  const openTab = useShell((state) => state.openTab);
  return (
    <section className={styles.drawer} aria-label="Training">
      <Tabs
        className={styles.tabs ?? ""}
        selectedKey={tab}
        onSelectionChange={(key) => {
          const chosen = drawerPanels.find(({ id }) => id === key);
          if (chosen) openTab(chosen.id);
        }}
      >
        <TabList className={styles.tabList ?? ""} aria-label="Training views">
          {drawerPanels.map(({ id, title }) => (
            <Tab key={id} id={id} className={styles.tab ?? ""}>
              {title}
            </Tab>
          ))}
        </TabList>
        {drawerPanels.map((panel) => (
          <TabPanel key={panel.id} id={panel.id} className={styles.tabPanel ?? ""}>
            <PanelBox panel={panel} />
          </TabPanel>
        ))}
      </Tabs>
    </section>
  );
}
