// The Study tab: methods compared over seeds, as recorded with the page or run here. Chooses the study, draws its tables and training
// curves, and starts, exports and imports one's own. Running them is `state/studies/studyJob.ts`.
import { Download, FlaskConical, FolderOpen, Table2, Trash2, Undo2 } from "lucide-react";
import { useEffect, useMemo, useRef, useState } from "react";
import { useStudies } from "@/state/studies/studies";
import { deleteStudy, importStudy, readStudies, restoreStudy, studyProgress } from "@/state/studies/studyJob";
import { gridOf } from "@/study/grid";
import { baseArm } from "@/study/ownStudy";
import { lineOf, tablesOf } from "@/study/results";
import { Button } from "@/ui/Button";
import { Select } from "@/ui/Field";
import { EmptyState, Message } from "@/ui/Message";
import { saveFile } from "@/ui/saveFile";
import { useElementWidth } from "@/ui/useElementWidth";
import { CurveGrid } from "./CurveGrid";
import { GridTable } from "./GridTable";
import styles from "./StudyPanel.module.css";
import { StudyProgress } from "./StudyProgress";
import { StudySetup } from "./StudySetup";
import { StudyTable } from "./StudyTable";
import { pickStudy, type ShownStudy, shownStudies } from "./shownStudy";
import { runsText } from "./wording";

/** The whole tab. */
export function StudyPanel() {
  const recorded = useStudies((state) => state.recorded);
  const own = useStudies((state) => state.own);
  const opened = useStudies((state) => state.opened);
  const problem = useStudies((state) => state.problem);
  const isRunning = useStudies((state) => state.running !== null);
  const [asTable, setAsTable] = useState(false);
  const [isSettingUp, setSettingUp] = useState(false);
  useEffect(() => {
    void readStudies();
  }, []);
  const studies = useMemo(() => shownStudies(recorded ?? [], own ?? []), [recorded, own]);
  const shown = pickStudy(studies, opened);
  const isRead = recorded !== null && own !== null;
  const setUp = (
    <Button
      label="Run this study here"
      icon={<FlaskConical aria-hidden />}
      pressed={isSettingUp}
      disabled={isRunning}
      onPress={() => setSettingUp(!isSettingUp)}
    />
  );
  return (
    <section className={styles.panel} aria-label="Study">
      <div className={styles.tools}>
        {shown && <StudyChoice studies={studies} shown={shown} />}
        {shown && (
          <Button
            label="View as table"
            iconOnly
            icon={<Table2 aria-hidden />}
            pressed={asTable}
            onPress={() => setAsTable(!asTable)}
          />
        )}
        {setUp}
        <span className={styles.files}>
          <Files shown={shown} />
        </span>
      </div>
      {isSettingUp && !isRunning && <StudySetup planId={shown?.plan.id} onStart={() => setSettingUp(false)} />}
      {problem !== null && !isRunning && <Message tone="bad">{problem}</Message>}
      <Undelete />
      <StudyProgress shown={shown} />
      {isRead && !shown && !isSettingUp && (
        <EmptyState>
          No recorded study yet. “Run this study here” trains every method with several seeds from the same checkpoint and
          compares them; a file of results from npm run study can be opened too.
        </EmptyState>
      )}
      {shown && <StudyView key={shown.key} shown={shown} asTable={asTable} />}
    </section>
  );
}

function StudyChoice({ studies, shown }: { studies: readonly ShownStudy[]; shown: ShownStudy }) {
  const set = useStudies((state) => state.set);
  return (
    <div className={styles.choice}>
      <Select
        label="Study"
        hideLabel
        value={shown.key}
        options={studies.map(({ key, name }) => ({ value: key, label: name }))}
        onChange={(key) => set({ opened: key })}
      />
    </div>
  );
}

function Files({ shown }: { shown: ShownStudy | undefined }) {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <Button
        label="Save the results (JSON lines)"
        iconOnly
        icon={<Download aria-hidden />}
        disabled={!shown || shown.results.length === 0}
        onPress={() => shown && saveFile(`study-${shown.plan.id}.jsonl`, resultsBlob(shown))}
      />
      <Button label="Open results" iconOnly icon={<FolderOpen aria-hidden />} onPress={() => input.current?.click()} />
      <input
        ref={input}
        type="file"
        className="sr-only"
        tabIndex={-1}
        aria-label="Results file"
        accept=".jsonl,.json,.txt"
        onChange={(event) => {
          const file = event.target.files?.[0];
          if (file) void importStudy(file);
          event.target.value = "";
        }}
      />
      {shown?.own && (
        <Button
          label="Delete this study"
          iconOnly
          tone="quiet"
          icon={<Trash2 aria-hidden />}
          onPress={() => shown.own && void deleteStudy(shown.own.id)}
        />
      )}
    </>
  );
}

function resultsBlob({ results }: ShownStudy): Blob {
  return new Blob([results.map(lineOf).join("")], { type: "application/jsonl" });
}

function StudyView({ shown, asTable }: { shown: ShownStudy; asTable: boolean }) {
  const { plan, results, origin, command, changed } = shown;
  const [box, width] = useElementWidth<HTMLDivElement>();
  const tables = useMemo(() => tablesOf(plan, results), [plan, results]);
  const grid = useMemo(() => gridOf(plan.arms.map(({ id }) => id)), [plan]);
  const { done, total } = studyProgress(plan, results);
  const steps = `${plan.steps} training ${plan.steps === 1 ? "step" : "steps"}`;
  // A file of results does not say how large the steps were.
  const prompts = plan.settings.promptsPerStep;
  const budget = shown.own?.isImported ? steps : `${steps} of ${prompts} ${prompts === 1 ? "prompt" : "prompts"}`;
  const hasBase = results.some(({ arm }) => arm === baseArm);
  return (
    <div ref={box} className={styles.study}>
      <p className={styles.facts}>
        {`${runsText(done, total)} of ${plan.model}, ${budget} each, measured on ${plan.evaluation.problems} held-out problems × ${plan.evaluation.rollouts} answers. ${origin}`}
        {command && (
          <>
            {" Repeat it with "}
            <code className={styles.command}>{command}</code>.
          </>
        )}
      </p>
      {changed !== null && (
        <Message tone="warn">{`The plan has changed since this was recorded: ${changed}. A run here follows the new plan.`}</Message>
      )}
      {results.length === 0 ? (
        <p className={styles.facts}>No run is finished yet.</p>
      ) : (
        width > 0 && (
          <>
            {!asTable && (
              <p className={styles.facts}>
                {`Circles: single seeds. Below them their mean with its 95 % interval (Student, over seeds).${hasBase ? " Dashed line: the untrained model." : ""}`}
              </p>
            )}
            {grid && <GridTable plan={plan} results={results} grid={grid} />}
            {tables.map(({ title, rows }) => (
              <StudyTable key={title} {...{ plan, results, title, rows, width, asTable }} />
            ))}
            <CurveGrid
              plan={plan}
              results={results}
              width={width}
              asTable={asTable}
              {...(grid && grid.betaMins.length > 1 ? { columns: grid.betaMins.length } : {})}
            />
          </>
        )
      )}
    </div>
  );
}

function Undelete() {
  const deleted = useStudies((state) => state.deleted);
  if (!deleted) return null;
  const runs = deleted.results.length;
  return (
    <Message>
      <div className={styles.undo} role="status">
        <span>{`A study with ${runs} finished ${runs === 1 ? "run" : "runs"} was deleted.`}</span>
        <Button label="Take it back" tone="quiet" icon={<Undo2 aria-hidden />} onPress={() => void restoreStudy()} />
      </div>
    </Message>
  );
}
