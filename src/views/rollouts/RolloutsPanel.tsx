// The Rollouts tab: what the model wrote in the shown training step, with reward, advantage, α and dependency of every token. Of the run in
// the page, or of any stored one, which is read from the database. Filters, groups, step slider; the table is `RolloutTable.tsx`.
import { Group, Search } from "lucide-react";
import { type CSSProperties, useMemo, useState } from "react";
import { useExportSource } from "@/state/exportSources";
import { useRuns } from "@/state/runs/runs";
import { type StepRollouts, useRunRollouts } from "@/state/runs/runsRollouts";
import { useStore } from "@/state/store";
import { Button } from "@/ui/Button";
import { binClasses } from "@/ui/color/binClasses";
import { valueAtPosition } from "@/ui/color/binning";
import { binCount, binVariables } from "@/ui/color/maps";
import { Select } from "@/ui/Field";
import { formatNumber } from "@/ui/formatNumber";
import { EmptyState } from "@/ui/Message";
import { FirstStep } from "@/views/runs/FirstStep";
import { StepSlider } from "@/views/training/StepSlider";
import styles from "./RolloutsPanel.module.css";
import { type RolloutOrigin, RolloutTable } from "./RolloutTable";
import {
  familiesOf,
  noFilter,
  promptsOf,
  type RewardFilter,
  type RolloutFilter,
  type RolloutOrder,
  rolloutRows,
  rolloutTable,
} from "./rolloutRows";
import { type RolloutColours, useRolloutColours } from "./useRolloutColours";

const rewardFilters: readonly { readonly value: RewardFilter; readonly label: string }[] = [
  { value: "all", label: "All rewards" },
  { value: "right", label: "Right only" },
  { value: "wrong", label: "Wrong only" },
];
const noRollouts: StepRollouts["rollouts"] = [];

/** Table of the shown step's rollouts. */
export function RolloutsPanel() {
  const run = useRuns((state) => state.rolloutsOf);
  const wanted = useStore((state) => state.step);
  const colourMap = useStore((state) => state.settings.colourMap);
  const marking = useStore((state) => state.settings.marking);
  const { steps, step, report, isReading } = useRunRollouts(run, wanted);
  const entry = useRuns((state) => state.runs?.find(({ id }) => id === (run ?? state.open?.id)));
  const [order, setOrder] = useState<RolloutOrder>({ column: "prompt", descending: false });
  const [filter, setFilter] = useState<RolloutFilter>(noFilter);
  const [isGrouped, setGrouped] = useState(true);
  const rollouts = report?.rollouts ?? noRollouts;
  const colours = useRolloutColours(rollouts);
  const rows = useMemo(() => rolloutRows(rollouts, order, filter), [rollouts, order, filter]);
  const settings = entry?.settings.findLast(({ fromStep }) => fromStep <= Math.max(1, step ?? 1))?.settings;
  const maxNewTokens = settings?.sampling.maxNewTokens;
  const origin = useMemo(
    (): RolloutOrigin => ({ run, name: entry?.name ?? "This run", steps, maxNewTokens }),
    [run, entry?.name, steps, maxNewTokens],
  );
  useExportSource(
    report
      ? {
          id: `rollouts-step-${report.step}`,
          title: `Rollouts of step ${report.step}`,
          panel: "rollouts",
          table: () => rolloutTable(report, rows),
        }
      : null,
  );
  return (
    <section
      className={styles.panel}
      aria-label="Rollouts of the step"
      style={binVariables(colourMap) as CSSProperties}
      data-marking={marking}
    >
      <div className={styles.tools}>
        <RunChoice />
        {steps.length > 0 && <StepSlider steps={steps} />}
        {report && <Legend colours={colours} />}
      </div>
      {steps.length === 0 && <NoRollouts isStored={run !== null} />}
      {report && (
        <Filters
          rollouts={rollouts}
          filter={filter}
          onFilter={setFilter}
          isGrouped={isGrouped}
          onGrouped={setGrouped}
          shown={rows.length}
        />
      )}
      {steps.length > 0 && !report && (isReading ? <EmptyState>Reading the rollouts …</EmptyState> : <NotKept steps={steps} />)}
      {report && rows.length === 0 && (
        <EmptyState>
          No rollout matches the filters. <Button label="Show all rollouts" onPress={() => setFilter(noFilter)} />
        </EmptyState>
      )}
      {report && rows.length > 0 && (
        <RolloutTable key={`${run} ${report.step}`} {...{ report, rows, isGrouped, order, colours, origin }} onOrder={setOrder} />
      )}
    </section>
  );
}

/** The run in the page or a stored one. */
function RunChoice() {
  const runs = useRuns((state) => state.runs);
  const open = useRuns((state) => state.open?.id ?? null);
  const chosen = useRuns((state) => state.rolloutsOf);
  const set = useRuns((state) => state.set);
  const others = (runs ?? []).filter(({ id, origin, lastStep }) => id !== open && origin === "trained" && lastStep > 0);
  if (others.length === 0) return null;
  const name = runs?.find(({ id }) => id === open)?.name;
  return (
    <div className={styles.run}>
      <Select
        label="Run"
        hideLabel
        value={chosen ?? ""}
        options={[
          { value: "", label: name ?? "Run in the page" },
          ...others.map((run) => ({ value: run.id, label: `${run.name}, stored` })),
        ]}
        onChange={(id) => {
          set({ rolloutsOf: id === "" ? null : id });
          // Steps of one run are not those of another.
          useStore.getState().setStep(null);
        }}
      />
    </div>
  );
}

function NoRollouts({ isStored }: { readonly isStored: boolean }) {
  return (
    <EmptyState action={!isStored && <FirstStep />}>
      {isStored
        ? "No rollouts of this run are stored."
        : "No rollouts yet. Press Step: the model answers generated questions and every answer appears here."}
    </EmptyState>
  );
}

function NotKept({ steps }: { readonly steps: readonly number[] }) {
  const step = useStore((state) => state.step);
  const setStep = useStore((state) => state.setStep);
  const nearest = steps.toSorted((a, b) => Math.abs(a - (step ?? 0)) - Math.abs(b - (step ?? 0)))[0];
  return (
    <EmptyState>
      {`The rollouts of step ${step} are not kept: long runs keep some steps only. `}
      {nearest !== undefined && <Button label={`Show step ${nearest}`} onPress={() => setStep(nearest)} />}
    </EmptyState>
  );
}

interface FiltersProps {
  readonly rollouts: StepRollouts["rollouts"];
  readonly filter: RolloutFilter;
  readonly onFilter: (filter: RolloutFilter) => void;
  readonly isGrouped: boolean;
  readonly onGrouped: (isGrouped: boolean) => void;
  readonly shown: number;
}

function Filters({ rollouts, filter, onFilter, isGrouped, onGrouped, shown }: FiltersProps) {
  const prompts = useMemo(() => promptsOf(rollouts), [rollouts]);
  const families = useMemo(() => familiesOf(rollouts), [rollouts]);
  const change = (values: Partial<RolloutFilter>) => onFilter({ ...filter, ...values });
  return (
    <div className={styles.filters}>
      <label className={styles.search}>
        <Search aria-hidden />
        <span className="sr-only">Find in rollouts</span>
        <input
          type="search"
          placeholder="Find in rollouts"
          autoComplete="off"
          value={filter.search}
          onChange={(event) => change({ search: event.target.value })}
        />
      </label>
      <Select
        label="Prompt"
        hideLabel
        value={String(filter.prompt ?? "all")}
        options={[
          { value: "all", label: prompts.length === 1 ? "The one prompt" : `All ${prompts.length} prompts` },
          ...prompts.map((one) => ({ value: String(one.prompt), label: `${one.prompt + 1}. ${one.question}` })),
        ]}
        onChange={(value) => change({ prompt: value === "all" ? null : Number(value) })}
      />
      {families.length > 1 && (
        <Select
          label="Kind of question"
          hideLabel
          value={filter.family ?? "all"}
          options={[{ value: "all", label: "All kinds" }, ...families.map((family) => ({ value: family, label: family }))]}
          onChange={(value) => change({ family: value === "all" ? null : value })}
        />
      )}
      <Select label="Reward" hideLabel value={filter.reward} options={rewardFilters} onChange={(reward) => change({ reward })} />
      <Button label="By prompt" icon={<Group aria-hidden />} pressed={isGrouped} onPress={() => onGrouped(!isGrouped)} />
      <span className={styles.facts} role="status">
        {shown === rollouts.length ? `${shown} rollouts` : `${shown} of ${rollouts.length} rollouts`}
      </span>
    </div>
  );
}

function Legend({ colours: { domain, scale } }: { readonly colours: RolloutColours }) {
  const end = scale === "rank" ? valueAtPosition(1, domain, scale) : domain.max;
  return (
    <figure className={styles.legend}>
      <figcaption>Dependency</figcaption>
      <span aria-hidden>0</span>
      <div
        className={styles.ramp}
        role="img"
        aria-label={`Colour legend: dependency, 0 to ${formatNumber(end)} nats, ${scale} scale`}
      >
        {Array.from({ length: binCount }, (_, bin) => (
          <i key={binClasses[bin]} className={binClasses[bin]} />
        ))}
      </div>
      <span aria-hidden>{`${scale === "rank" ? "" : "≥ "}${formatNumber(end)} nats`}</span>
    </figure>
  );
}
