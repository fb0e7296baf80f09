// What narrows the charts down: a search by name, and the steps to show as two numbers, which is what dragging over a chart sets too.
import { Maximize2, Search } from "lucide-react";
import { useRunsView } from "@/state/runs/runsView";
import { Button } from "@/ui/Button";
import { NumberInput } from "@/ui/NumberInput";
import styles from "./TrainingPanel.module.css";

/** The two fields; `span` is the whole run. */
export function ViewTools({ span: [first, last] }: { readonly span: readonly [number, number] }) {
  const search = useRunsView((state) => state.search);
  const zoom = useRunsView((state) => state.zoom);
  const set = useRunsView((state) => state.set);
  const [from, to] = zoom ?? [first, last];
  return (
    <div className={styles.viewTools}>
      <label className={styles.search}>
        <Search aria-hidden />
        <span className="sr-only">Find a chart</span>
        <input
          type="search"
          placeholder="Find a chart"
          autoComplete="off"
          value={search}
          onChange={(event) => set({ search: event.target.value })}
        />
      </label>
      {/* biome-ignore lint/a11y/useSemanticElements: two numbers and a button are no form */}
      <div className={styles.range} role="group" aria-label="Steps to show">
        <span aria-hidden>Steps</span>
        <NumberInput
          label="First step to show"
          integer
          value={from}
          min={first}
          max={Math.max(first, to - 1)}
          onChange={(value) => set({ zoom: [value, to] })}
        />
        <span aria-hidden>to</span>
        <NumberInput
          label="Last step to show"
          integer
          value={to}
          min={from + 1}
          max={Math.max(last, from + 1)}
          onChange={(value) => set({ zoom: [from, value] })}
        />
        <Button
          label="Whole run"
          icon={<Maximize2 aria-hidden />}
          tone="quiet"
          disabled={zoom === null}
          onPress={() => set({ zoom: null })}
        />
      </div>
    </div>
  );
}
