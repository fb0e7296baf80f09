// The Step tab: one training step taken apart, stage by stage, with this step's numbers and the equation of each stage; before there
// is a step, the same of the shown answer. Wiring: which step, question, rollout and token are open, and what was edited.
import { type ReactNode, useMemo, useSyncExternalStore } from "react";
import { answerHeader, answerTokens, trainingSeries } from "@/client/live";
import { describeError } from "@/lib/errors";
import type { StepReport } from "@/protocol/training";
import { currentUpdate, subscribeUpdate } from "@/state/answers/update";
import { useExportSource } from "@/state/exportSources";
import { policyOf } from "@/state/presets";
import { useStore } from "@/state/store";
import { Button } from "@/ui/Button";
import { Select } from "@/ui/Field";
import { formatNumber } from "@/ui/formatNumber";
import { EmptyState, Message } from "@/ui/Message";
import { spreadOf } from "@/views/equations/spreadOf";
import { indexOfStep, StepSlider } from "@/views/training/StepSlider";
import { useSeriesVersion } from "@/views/training/useSeries";
import { type Anatomy, takeApart } from "./anatomy";
import { StageDetail } from "./StageDetail";
import { StageStrip } from "./StageStrip";
import styles from "./StepPanel.module.css";
import { type Stage, type StageContext, stages, stageTable, tokenTable } from "./stages";
import { type StepSource, sourceOfAnswer, sourceOfStep } from "./stepSource";
import { useStepView } from "./stepView";

const kinds = [
  { value: "step", label: "Training step" },
  { value: "answer", label: "Shown answer" },
] as const;

/** The tab. */
export function StepPanel() {
  useSeriesVersion(trainingSeries);
  const kind = useStepView((state) => state.kind);
  const set = useStepView((state) => state.set);
  const step = useStore((state) => state.step);
  const steps = trainingSeries.reportSteps();
  const shownKind = steps.length === 0 ? "answer" : (kind ?? "step");
  const report = trainingSeries.report(steps[indexOfStep(steps, step ?? Number.POSITIVE_INFINITY)] ?? -1);
  const tools = steps.length > 0 && (
    <>
      <Select
        label="What is taken apart"
        hideLabel
        value={shownKind}
        options={kinds}
        onChange={(value) => set({ kind: value, group: 0, rollout: null, token: null })}
      />
      {shownKind === "step" && <StepSlider steps={steps} />}
    </>
  );
  return (
    <section className={styles.panel} aria-label="Step taken apart">
      {shownKind === "answer" ? <AnswerApart tools={tools} /> : report && <StepApart report={report} tools={tools} />}
    </section>
  );
}

function StepApart({ report, tools }: { readonly report: StepReport; readonly tools: ReactNode }) {
  const settings = useStore((state) => state.settings);
  const edits = useStepView((state) => (state.edits?.report === report ? state.edits.rewards : noEdits));
  const editReward = useStepView((state) => state.editReward);
  const clearEdits = useStepView((state) => state.clearEdits);
  const source = useMemo(() => sourceOfStep(report, policyOf(settings)), [report, settings]);
  const rollout = useStepView((state) => state.rollout);
  const token = useStepView((state) => state.token);
  const set = useStepView((state) => state.set);
  return (
    <Apart
      tools={tools}
      source={source}
      edits={edits}
      chosen={rollout}
      chosenToken={token}
      onReward={(i, reward) => editReward(report, i, reward === report.rollouts[i]?.reward ? null : reward)}
      onClear={clearEdits}
      onOpen={(i) => set({ rollout: i, token: null })}
      onToken={(_, t) => set({ token: t })}
    />
  );
}

const noEdits: Readonly<Record<number, number>> = {};

function AnswerApart({ tools }: { readonly tools: ReactNode }) {
  const update = useSyncExternalStore(subscribeUpdate, currentUpdate);
  const edits = useStore((state) => state.rewardEdits);
  const editReward = useStore((state) => state.editReward);
  const clearEdits = useStore((state) => state.clearRewardEdits);
  const rollout = useStore((state) => state.rollout);
  const openRollout = useStore((state) => state.openRollout);
  const pinned = useStore((state) => state.pinned);
  const pin = useStore((state) => state.pin);
  const source = useMemo(() => sourceOfAnswer(update, answerTokens, answerHeader()), [update]);
  return (
    <Apart
      tools={tools}
      note="This is the answer shown above, as the next update would see it: nothing is trained. Press Step to take one apart."
      source={source}
      edits={edits}
      chosen={rollout}
      chosenToken={pinned?.rollout === rollout ? pinned.start : null}
      onReward={editReward}
      onClear={clearEdits}
      onOpen={openRollout}
      onToken={(i, token) => pin({ rollout: i, start: token, end: token })}
    />
  );
}

interface ApartProps {
  /** What chooses the source; in one row with the question. */
  readonly tools: ReactNode;
  readonly note?: string;
  readonly source: StepSource;
  readonly edits: Readonly<Record<number, number>>;
  /** The rollout that was chosen, whichever group it is of. */
  readonly chosen: number | null;
  /** Null takes the token that depends most on the image. */
  readonly chosenToken: number | null;
  readonly onReward: (rollout: number, reward: number | null) => void;
  readonly onClear: () => void;
  readonly onOpen: (rollout: number) => void;
  readonly onToken: (rollout: number, token: number) => void;
}

function Apart({ tools, note, source, edits, chosen, chosenToken, onReward, onClear, onOpen, onToken }: ApartProps) {
  const stage = useStepView((state) => state.stage);
  const wantedGroup = useStepView((state) => state.group);
  const set = useStepView((state) => state.set);
  const anatomies = useMemo(() => anatomiesOf(source, edits), [source, edits]);
  const group = source.groups[Math.min(wantedGroup, source.groups.length - 1)];
  if (!group || "problem" in anatomies) {
    return (
      <>
        {tools && <div className={styles.tools}>{tools}</div>}
        {group && "problem" in anatomies && <Message tone="bad">{anatomies.problem}</Message>}
        {!group && <EmptyState>Nothing to take apart yet. Ask a question, or press Step.</EmptyState>}
      </>
    );
  }
  const rollout = chosen !== null && group.rollouts.includes(chosen) ? chosen : (group.rollouts[0] ?? 0);
  const dependency = source.rollouts[rollout]?.dependency ?? new Float32Array(0);
  const token = chosenToken !== null && chosenToken < dependency.length ? chosenToken : strongest(dependency);
  const context: StageContext = { source, ...anatomies, group, rollout, token };
  const edited = new Set(Object.keys(edits).map(Number));
  return (
    <>
      {note && <p className={styles.note}>{note}</p>}
      {(tools || source.groups.length > 1 || edited.size > 0) && (
        <div className={styles.tools}>
          {tools}
          {source.groups.length > 1 && (
            <Select
              label="Question"
              value={String(source.groups.indexOf(group))}
              options={source.groups.map((_, g) => ({ value: String(g), label: groupLabel(source, anatomies.after, g) }))}
              onChange={(value) => set({ group: Number(value), rollout: null, token: null })}
            />
          )}
          {edited.size > 0 && (
            <>
              <Button label="Back to measured rewards" onPress={onClear} />
              <span className={styles.edited} role="status">
                What if: {edited.size === 1 ? "one reward is" : `${edited.size} rewards are`} edited
                {source.kind === "step" ? "; the step was taken with the measured ones" : ""}.
              </span>
            </>
          )}
        </div>
      )}
      {!source.isOwnPolicy && (
        <Message>
          This step was stored without its settings; the ones chosen now are used, so the stages may not be its own.
        </Message>
      )}
      {source.ppoEpochs > 1 && (
        <p className={styles.note}>Stages and loss are those of the first of {source.ppoEpochs} epochs.</p>
      )}
      <StageStrip context={context} open={stage} />
      <StageDetail
        stage={stage}
        context={context}
        edited={edited}
        onOpen={onOpen}
        onReward={onReward}
        onToken={(t) => onToken(rollout, t)}
      />
      {stages.map((one) => (
        <StageExport key={one.id} stage={one} context={context} />
      ))}
      <TokenExport context={context} />
    </>
  );
}

type Anatomies = { readonly before: Anatomy; readonly after: Anatomy } | { readonly problem: string };

function anatomiesOf(source: StepSource, edits: Readonly<Record<number, number>>): Anatomies {
  const measured = source.rollouts.map(({ reward }) => reward ?? 0);
  const rewards = measured.map((reward, i) => edits[i] ?? reward);
  try {
    const before = takeApart(source, measured);
    return { before, after: rewards.every((reward, i) => reward === measured[i]) ? before : takeApart(source, rewards) };
  } catch (error) {
    return { problem: describeError(error).message };
  }
}

/** Nothing is drawn; the stage's numbers can be exported, whichever stage is open. */
function StageExport({ stage, context }: { readonly stage: Stage; readonly context: StageContext }) {
  useExportSource({
    id: `step-${stage.id}`,
    title: `Stage: ${stage.title}`,
    panel: "step",
    table: () => stageTable(stage, context),
  });
  return null;
}

function TokenExport({ context }: { readonly context: StageContext }) {
  useExportSource({ id: "step-tokens", title: "Tokens of the open rollout", panel: "step", table: () => tokenTable(context) });
  return null;
}

const longestQuestion = 48;

function groupLabel({ groups }: StepSource, { rollouts }: Anatomy, g: number): string {
  const group = groups[g];
  const { mean, sd } = spreadOf((group?.rollouts ?? []).map((i) => rollouts[i]?.reward ?? 0));
  const letters = Array.from(group?.question ?? "");
  const question = letters.length > longestQuestion ? `${letters.slice(0, longestQuestion).join("")}…` : letters.join("");
  return `${g + 1} · reward ${formatNumber(mean)} ± ${formatNumber(sd)} · ${question}`;
}

function strongest(dependency: Float32Array): number {
  let token = 0;
  dependency.forEach((value, t) => {
    if (value > (dependency[token] as number)) token = t;
  });
  return token;
}
