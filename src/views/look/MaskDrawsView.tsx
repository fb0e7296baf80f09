// The pinned token's dependency under further masks of the same kind: mean ± sd, and whether the tokens that are kept now stay kept.
import { Shuffle } from "lucide-react";
import { useMemo, useState } from "react";
import { answerTokens } from "@/client/live";
import { currentUpdate } from "@/state/answers/update";
import { useExportSource } from "@/state/exportSources";
import { useLook } from "@/state/look/look";
import { drawnDependencies, type MaskDraws, maskDraws, measureDraws, showDraws, shownDraws } from "@/state/look/maskDrawsJob";
import { chanceShare, keptShare, stableShare, tokenSpread } from "@/state/look/maskSpread";
import type { TokenSpan } from "@/state/selection";
import { useStore } from "@/state/store";
import { unitOf } from "@/state/tokens/tokenFacts";
import { Button } from "@/ui/Button";
import { Select } from "@/ui/Field";
import { formatNumber, formatPercent } from "@/ui/formatNumber";
import styles from "./Look.module.css";
import { LookStatusLine } from "./LookStatusLine";
import { spreadText } from "./mapGeometry";

const counts = [
  { value: "4", label: "4 masks" },
  { value: "8", label: "8 masks" },
  { value: "16", label: "16 masks" },
  { value: "32", label: "32 masks" },
] as const;

/** The subsection "Other masks". */
export function MaskDrawsView({ span }: { span: TokenSpan | null }) {
  useLook((state) => state.version);
  const strategy = useStore((state) => state.settings.maskStrategy);
  const open = useStore((state) => state.rollout);
  const isRunning = useLook((state) => state.statuses.draws.status === "running");
  const [count, setCount] = useState<(typeof counts)[number]["value"]>("8");
  const draws = maskDraws();
  const isRandom = strategy === "patch_blackening" || strategy === "gaussian_noise";
  const shown = shownDraws();
  useExportSource(draws && { id: "mask-draws", title: "Dependency over masks", panel: "inspector", table: () => tableOf(draws) });
  return (
    <details className={styles.details}>
      <summary>Under other masks</summary>
      {!isRandom && !draws && (
        <p className={styles.note}>
          The chosen mask is not random: every draw would be the same. Random patches and noise have draws.
        </p>
      )}
      {isRandom && !draws && (
        <p className={styles.note}>
          One draw of the mask may flatter a token. Further draws say how far its dependency can be trusted.
        </p>
      )}
      {draws && <Numbers draws={draws} rollout={span?.rollout ?? open} span={span} />}
      {draws && (
        <div className={styles.buttons}>
          <Button label="Colour by mean" pressed={shown === "mean"} onPress={() => showDraws("mean")} />
          <Button label="Colour by spread" pressed={shown === "sd"} onPress={() => showDraws("sd")} />
        </div>
      )}
      <LookStatusLine kind="draws" what="Further masks" />
      {isRandom && (
        <div className={styles.buttons}>
          <Select label="Number of masks" hideLabel value={count} options={counts} onChange={setCount} />
          <Button
            label={draws ? "Measure again" : "Measure under further masks"}
            icon={<Shuffle aria-hidden />}
            disabled={isRunning}
            onPress={() => void measureDraws(Number(count))}
          />
        </div>
      )}
    </details>
  );
}

function Numbers({ draws, rollout, span }: { draws: MaskDraws; rollout: number; span: TokenSpan | null }) {
  const measure = useStore((state) => state.settings.dependencyMeasure);
  const keepRatio = useStore((state) => state.settings.keepRatio);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the dependencies are read by the chosen measure
  const dependencies = useMemo(() => drawnDependencies(draws, rollout), [draws, rollout, measure]);
  const { mean, sd } = useMemo(() => tokenSpread(dependencies), [dependencies]);
  const shown = currentUpdate().dependencies[rollout];
  if (!shown || shown.length === 0) return null;
  const share = keptShare(shown, dependencies, keepRatio);
  const chance = chanceShare(shown.length, keepRatio);
  const unit = unitOf(measure);
  return (
    <>
      {span && span.start === span.end && (
        <p>
          This draw <strong>{formatNumber(shown[span.start] ?? Number.NaN)}</strong>, over {draws.stats.length} others{" "}
          <strong>{spreadText({ mean: mean[span.start] ?? Number.NaN, sd: sd[span.start] ?? Number.NaN })}</strong> {unit} (mean ±
          sd).
        </p>
      )}
      <p className={styles.note}>
        {`${formatPercent(share)} of the tokens kept now (k = ${formatNumber(keepRatio)}) are kept under another mask, too; chance alone would give ${formatPercent(chance)}. `}
        {share < stableShare
          ? "The ranking is unstable: it hangs on the mask that was drawn. Average several masks per answer (Settings, Mask draws), or keep more tokens."
          : "The ranking is stable."}
      </p>
    </>
  );
}

function tableOf(draws: MaskDraws) {
  const rollouts = Array.from({ length: answerTokens.rolloutCount }, (_, rollout) => rollout);
  return {
    columns: ["rollout", "token", "text", "mean", "sd", "draws"],
    rows: rollouts.flatMap((rollout) => {
      const { mean, sd } = tokenSpread(drawnDependencies(draws, rollout));
      return Array.from(mean, (value, t) => [
        rollout,
        t,
        answerTokens.tokenText(rollout, t),
        value,
        sd[t] ?? Number.NaN,
        draws.stats.length,
      ]);
    }),
  };
}
