// The top bar: name, model, training controls, and the page's own actions. Every button runs a row of the actions table.
import { BookOpen, Command, Link2, Moon, Pause, Play, RotateCcw, SkipForward, WifiOff } from "lucide-react";
import { useOnline } from "@/state/online";
import { useStore } from "@/state/store";
import { Button } from "@/ui/Button";
import { formatBytes, formatCount, formatNumber } from "@/ui/formatNumber";
import type { Action } from "./actionRows/actionRow";
import { actions, keyLabel } from "./actions";
import { PanelMenu } from "./PanelMenu";
import styles from "./TopBar.module.css";

/** The bar above everything. */
export function TopBar() {
  return (
    <header className={styles.bar}>
      <h1 className={styles.name}>
        VPPO <span>playground</span>
      </h1>
      <ModelChip />
      <TrainingControls />
      <div className={styles.right}>
        <OfflineChip />
        <ActionButton action={actions.share} icon={<Link2 aria-hidden />} />
        <PanelMenu panel={null} />
        <ActionButton action={actions.theme} icon={<Moon aria-hidden />} />
        <ActionButton action={actions.guide} icon={<BookOpen aria-hidden />} />
        <ActionButton action={actions.commands} icon={<Command aria-hidden />} />
      </div>
    </header>
  );
}

function ActionButton({ action, icon }: { action: Action; icon: React.ReactNode }) {
  const isEnabled = useStore(action.isEnabled);
  const [key] = action.keys;
  return (
    <Button
      label={action.label}
      icon={icon}
      iconOnly
      tone="quiet"
      disabled={!isEnabled}
      onPress={action.run}
      {...(key ? { hint: keyLabel(key) } : {})}
    />
  );
}

function TrainingControls() {
  const isRunning = useStore((state) => state.training.status === "running");
  const isPausing = useStore((state) => state.training.status === "running" && state.training.pausing);
  const step = useStore((state) => state.training.step);
  const canReset = useStore(actions.reset.isEnabled);
  const canPlay = useStore(actions.play.isEnabled);
  const canStep = useStore(actions.step.isEnabled);
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for form controls; these are transport buttons
    <div className={styles.training} role="group" aria-label="Training controls">
      <Button label="Reset" iconOnly icon={<RotateCcw aria-hidden />} disabled={!canReset} onPress={actions.reset.run} />
      <Button
        label={isPausing ? "Pausing…" : isRunning ? "Pause" : "Play"}
        tone="primary"
        icon={isRunning ? <Pause aria-hidden /> : <Play aria-hidden />}
        disabled={!canPlay || isPausing}
        onPress={actions.play.run}
        hint="Space"
      />
      <Button label="Step" icon={<SkipForward aria-hidden />} disabled={!canStep} onPress={actions.step.run} hint="." />
      <span className={styles.step}>
        step <output>{step}</output>
      </span>
    </div>
  );
}

function ModelChip() {
  const model = useStore((state) => state.model);
  const loss = useStore((state) => state.loss);
  const speed = useStore((state) => (state.ask.status === "finished" ? state.ask.tokensPerSecond : null));
  const { dot, text } = describeModel();
  return (
    <button type="button" className={styles.model} onClick={actions.models.run} title="Choose a model">
      <span className={styles.dot} data-state={dot} aria-hidden />
      {text}
    </button>
  );

  function describeModel(): { readonly dot: string; readonly text: string } {
    switch (model.status) {
      case "none":
        return { dot: "off", text: "No model" };
      case "failed":
        return { dot: "bad", text: "Model failed" };
      case "loading": {
        const { name, progress } = model;
        const isKnown = progress !== null && progress.totalBytes > 0;
        const share = isKnown ? ` ${formatBytes(progress.doneBytes)} of ${formatBytes(progress.totalBytes)}` : "";
        return { dot: "busy", text: `Loading ${name}${share}` };
      }
      case "ready": {
        const { name, parameters, precision } = model.model;
        const rate = speed === null ? "" : ` · ${formatNumber(Math.round(speed))} tok/s`;
        return { dot: loss ? "bad" : "ready", text: `${name} · ${formatCount(parameters)} · ${precision.text}${rate}` };
      }
      default:
        return model satisfies never;
    }
  }
}

function OfflineChip() {
  const isOnline = useOnline();
  if (isOnline) return null;
  return (
    <span className={styles.offline}>
      <WifiOff aria-hidden /> Offline: the embedded model works from the cache
    </span>
  );
}
