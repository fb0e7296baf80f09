// The gradient-variance meter: measured Var(g_VPPO) / Var(g_GRPO) beside the theorem's k · E[α²] (paper, section 3.3), and each of its
// assumptions with the number that was measured. Explains how to switch the measurement on where there is none.
import { useMemo, useRef, useState } from "react";
import { baselineSeries, trainingSeries } from "@/client/live";
import { useExportSource } from "@/state/exportSources";
import { updateRows } from "@/state/metricRows/updateRows";
import { useStore } from "@/state/store";
import { Button } from "@/ui/Button";
import { formatNumber } from "@/ui/formatNumber";
import { Message } from "@/ui/Message";
import { useElementWidth } from "@/ui/useElementWidth";
import { ChartGrid, useStepDomain } from "@/views/training/ChartGrid";
import { chartsByMetric } from "@/views/training/charts";
import { useChartRuns } from "@/views/training/useChartRuns";
import styles from "./InsightPanel.module.css";
import type { InsightViewProps } from "./insightView";
import { meterGeometry } from "./meterGeometry";
import { measuredStep, type VarianceFacts, varianceFacts, varianceKeys, varianceRatioKey } from "./varianceFacts";

const overTime = updateRows.filter(({ chart }) => chart === "variance");

/** The meter of the shown step. */
export function VarianceView({ choice }: InsightViewProps) {
  const { runs, version } = useChartRuns();
  const step = useStore((state) => state.step);
  const [hoverStep, setHoverStep] = useState<number | null>(null);
  const series = trainingSeries.length > 0 ? trainingSeries : baselineSeries;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the version stands for the contents of the buffers
  const shown = useMemo(() => {
    const steps = series.steps();
    const at = measuredStep(steps, series.values(varianceRatioKey), step);
    if (at === undefined) return undefined;
    const row = steps.lastIndexOf(at);
    const metrics = Object.fromEntries(varianceKeys.map((key) => [key, series.values(key)[row] ?? Number.NaN]));
    const facts = varianceFacts(metrics);
    return facts && { step: at, facts };
  }, [series, step, version]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the version stands for the contents of the buffers
  const charts = useMemo(() => chartsByMetric(runs, overTime, 0), [runs, version]);
  const xDomain = useStepDomain(runs, version);
  return (
    <section className={styles.view} aria-label="Gradient variance">
      {choice}
      {shown ? <Meter step={shown.step} facts={shown.facts} /> : <NotMeasured />}
      {charts.some((chart) => chart.series.some(({ xs }) => xs.length > 1)) && (
        <ChartGrid
          panel="insight"
          charts={charts}
          xDomain={xDomain}
          hoverStep={hoverStep}
          onHover={setHoverStep}
          asTable={false}
          endLabels={runs.length > 1}
        />
      )}
    </section>
  );
}

function NotMeasured() {
  const isOn = useStore((state) => state.settings.measureVariance);
  const setSetting = useStore((state) => state.setSetting);
  const step = useStore((state) => state.step);
  const where = step === null ? "No step of this run was measured" : `No step up to ${step} was measured`;
  return (
    <>
      <Message>
        {isOn
          ? `${where} yet: the next step of training is. A step whose groups have no differences in reward has no gradient and is left out.`
          : `${where}, because it takes several backward passes for each of up to 24 answers. Switch it on, here or under Settings, and press Step.`}
      </Message>
      {!isOn && (
        <div>
          <Button label="Measure gradient variance" onPress={() => setSetting("measureVariance", true)} />
        </div>
      )}
      <p className={styles.note}>
        The paper's theorem: with one token in K = k·T kept and advantages scaled by α, Var(g_VPPO) ≈ k · E[α²] · Var(g_GRPO). It
        rests on five assumptions; the meter measures both sides and each assumption.
      </p>
    </>
  );
}

function Meter({ step, facts }: { readonly step: number; readonly facts: VarianceFacts }) {
  const [ref, width] = useElementWidth<HTMLElement>();
  const geometry = useMemo(() => meterGeometry([facts.measured, facts.bound], width), [facts, width]);
  const box = useRef<HTMLDivElement>(null);
  useExportSource({
    id: "insight-gradient-variance",
    title: "Gradient variance and the theorem",
    panel: "insight",
    figure: () => box.current,
    table: () => ({
      columns: ["quantity", "factor", "meaning"],
      rows: [
        ["measured Var(g_VPPO) / Var(g_GRPO)", facts.measured, facts.summary],
        ["k * E[alpha^2]", facts.bound, ""],
        ...facts.factors.map(({ assumption, value, sentence }) => [assumption, value, sentence]),
      ],
    }),
    json: () => ({ step, ...facts }),
  });
  const rows = [
    { label: "measured", style: styles.meterMeasured },
    { label: "k · E[α²]", style: styles.meterBound },
  ];
  return (
    <>
      <p className={styles.summary}>{`Step ${step}: ${facts.summary}`}</p>
      <div ref={box} className={styles.meterPair}>
        <figure ref={ref} className={styles.box}>
          <figcaption>Var(g_VPPO) / Var(g_GRPO)</figcaption>
          {width > 0 && (
            <svg
              className={styles.meter}
              viewBox={`0 0 ${width} ${geometry.height}`}
              width={width}
              height={geometry.height}
              role="img"
              aria-label={`Variance of VPPO's gradient over that of GRPO's: measured ${formatNumber(facts.measured)}, predicted ${formatNumber(facts.bound)}`}
            >
              {geometry.ticks.map(({ x, label }) => (
                <g key={label}>
                  <line className={styles.meterGrid} x1={x} x2={x} y1={0} y2={geometry.height - 18} />
                  <text className={styles.meterTick} x={x} y={geometry.height - 4} textAnchor="middle">
                    {label}
                  </text>
                </g>
              ))}
              <line className={styles.meterOne} x1={geometry.oneX} x2={geometry.oneX} y1={0} y2={geometry.height - 18} />
              {geometry.bars.map((bar, i) => (
                <g key={rows[i]?.label}>
                  <text className={styles.meterLabel} x={0} y={bar.y + geometry.barHeight / 2} dy="0.35em">
                    {rows[i]?.label}
                  </text>
                  <rect className={rows[i]?.style} x={geometry.left} y={bar.y} width={bar.width} height={geometry.barHeight} />
                  <text className={styles.meterLabel} x={bar.labelX} y={bar.y + geometry.barHeight / 2} dy="0.35em">
                    {bar.label}
                  </text>
                </g>
              ))}
            </svg>
          )}
        </figure>
        <section className={styles.box} aria-label="Assumptions of the theorem">
          <table className={styles.table}>
            <thead>
              <tr>
                <th scope="col">Assumption of the theorem</th>
                <th scope="col" className={styles.number}>
                  Factor
                </th>
                <th scope="col">What was measured</th>
              </tr>
            </thead>
            <tbody>
              {facts.factors.map(({ key, assumption, value, holds, sentence }) => (
                <tr key={key}>
                  <th scope="row">{assumption}</th>
                  <td className={styles.number}>{formatNumber(value)}</td>
                  <td className={holds ? undefined : styles.fails}>{sentence}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      </div>
      <p className={styles.note}>
        Measured ratio = k · E[α²] × the five factors. The theorem predicts how much noise is left, not whether learning is
        better: the mean gradient shrinks too, and Adam rescales both.
      </p>
    </>
  );
}
