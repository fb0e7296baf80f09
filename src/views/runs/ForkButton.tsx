// Forking: which checkpoint the new run goes on from. The steps are read when they are asked for.
import { GitFork } from "lucide-react";
import { useState } from "react";
import type { RunInfo } from "@/protocol/runs";
import { forkRun, forkSteps } from "@/state/runs/runsJobs";
import { Button } from "@/ui/Button";
import { Select } from "@/ui/Field";
import styles from "./RunsPanel.module.css";

/** The button, or in its place the choice of a step. */
export function ForkButton({ run }: { run: RunInfo }) {
  const [steps, setSteps] = useState<readonly number[] | null>(null);
  const [step, setStep] = useState("");
  if (!steps) {
    const ask = async () => {
      const found = await forkSteps(run.id);
      setSteps(found);
      setStep(String(found[0] ?? ""));
    };
    const label = `Fork ${run.name}`;
    return (
      <Button
        label={label}
        iconOnly
        tone="quiet"
        icon={<GitFork aria-hidden />}
        disabled={run.lastStep === 0 || run.origin === "log"}
        onPress={() => void ask()}
      />
    );
  }
  const fork = () => {
    setSteps(null);
    void forkRun(run, Number(step));
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: a choice with two buttons is no form
    <div className={styles.question} role="group" aria-label={`Fork ${run.name}`}>
      <Select
        label="Step to fork from"
        hideLabel
        value={step}
        options={steps.map((one) => ({ value: String(one), label: `from step ${one}` }))}
        onChange={setStep}
      />
      <Button label="Fork" tone="primary" disabled={step === ""} onPress={fork} />
      <Button label="Cancel" onPress={() => setSteps(null)} />
    </div>
  );
}
