// The same prompt before and after: the answers of the shown step beside those of another step in which it was drawn again, or beside what
// the model answers now. A prompt is rarely drawn twice, so asking it now is always offered.
import { MessageCircleQuestion } from "lucide-react";
import { useEffect, useRef, useState, useSyncExternalStore } from "react";
import { answerHeader, answerTokens } from "@/client/live";
import { useUpdate } from "@/state/answers/update";
import { askBeside, askPrompt, hasTokens, showRollouts } from "@/state/runs/runsAnswer";
import { findSamePrompt, promptKey, rolloutsAt, type StepRollouts } from "@/state/runs/runsRollouts";
import { useStore } from "@/state/store";
import { Button } from "@/ui/Button";
import { Select } from "@/ui/Field";
import { formatNumber } from "@/ui/formatNumber";
import { HeatStrip } from "@/ui/tokens/HeatStrip";
import styles from "./PromptComparison.module.css";
import type { RolloutOrigin } from "./RolloutTable";
import { RolloutText } from "./RolloutText";
import type { RolloutColours } from "./useRolloutColours";

export interface PromptComparisonProps {
  readonly report: StepRollouts;
  readonly prompt: number;
  readonly colours: RolloutColours;
  readonly origin: RolloutOrigin;
}

/** Two columns. */
export function PromptComparison({ report, prompt, colours, origin }: PromptComparisonProps) {
  const { places, isSearching } = useSamePrompt(report, prompt, origin);
  const [chosen, setChosen] = useState<number | "now">("now");
  const canAsk = useStore(({ model, ask, loss }) => model.status === "ready" && ask.status !== "running" && !loss);
  const place = places.find(({ step }) => step === chosen);
  const other = useReport(origin.run, place?.step);
  const kept = hasTokens(report, prompt);
  const askNow = () => {
    const shown = showRollouts(report, prompt, { maxNewTokens: origin.maxNewTokens, run: origin.name });
    void (shown === null ? askPrompt(report, prompt) : askBeside(report, prompt, shown));
  };
  return (
    <section className={styles.comparison} aria-label={`Prompt ${prompt + 1}, before and after`}>
      <Side title={`Step ${report.step}`} report={report} prompt={prompt} colours={colours} />
      <div className={styles.side}>
        <div className={styles.head}>
          <Select
            label="Beside it"
            hideLabel
            value={String(place ? chosen : "now")}
            options={[
              { value: "now", label: "The model as it is now" },
              ...places.map(({ step }) => ({ value: String(step), label: `Step ${step}` })),
            ]}
            onChange={(value) => setChosen(value === "now" ? "now" : Number(value))}
          />
          <span className={styles.facts} role="status">
            {isSearching
              ? "Looking for this prompt in other steps …"
              : places.length === 0
                ? "It was drawn in no other step that is kept."
                : `Drawn in ${places.length} other ${places.length === 1 ? "step" : "steps"} too.`}
          </span>
        </div>
        {place && other ? (
          <Answers report={other} prompt={place.prompt} colours={colours} />
        ) : (
          <>
            <Now report={report} prompt={prompt} colours={colours} />
            <Button
              label={kept ? "Ask now and compare token by token" : "Ask this prompt now"}
              icon={<MessageCircleQuestion aria-hidden />}
              disabled={!canAsk}
              onPress={askNow}
            />
          </>
        )}
      </div>
    </section>
  );
}

interface SideProps {
  readonly report: StepRollouts;
  readonly prompt: number;
  readonly colours: RolloutColours;
}

function Side({ title, ...props }: SideProps & { readonly title: string }) {
  return (
    <div className={styles.side}>
      <h4 className={styles.head}>{title}</h4>
      <Answers {...props} />
    </div>
  );
}

function Answers({ report, prompt, colours }: SideProps) {
  const rollouts = report.rollouts.filter((rollout) => rollout.prompt === prompt);
  return (
    <>
      <Facts rewards={rollouts.map(({ reward }) => reward)} dependencies={rollouts.map(({ meanDependency }) => meanDependency)} />
      <ol className={styles.answers}>
        {rollouts.map((rollout, i) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: answers have no other name than their place
          <li key={i}>
            <span className={styles.reward}>{formatNumber(rollout.reward)}</span>
            <HeatStrip bins={colours.bins(rollout.dependency)} height={8} />
            <RolloutText rollout={rollout} texts={report.texts} colours={colours} />
          </li>
        ))}
      </ol>
    </>
  );
}

/** The shown answer, where it is to this prompt and of the model that is loaded. */
function Now({ report, prompt, colours }: SideProps) {
  useSyncExternalStore(answerTokens.subscribe, () => answerTokens.version);
  const source = useStore((state) => state.source);
  const image = useStore((state) => state.input.image);
  const running = useStore((state) => state.ask.status === "running");
  const { rewards, dependencies } = useUpdate();
  const question = report.rollouts.find((rollout) => rollout.prompt === prompt)?.question;
  const isSame = source === "live" && answerHeader()?.question === question && image === report.images[prompt];
  if (!isSame || answerTokens.rolloutCount === 0) {
    return <p className={styles.facts}>{running ? "Answering …" : "Not asked yet with the weights of now."}</p>;
  }
  const means = dependencies.map((values) => values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length));
  return (
    <>
      <Facts rewards={rewards} dependencies={means} />
      <ol className={styles.answers}>
        {dependencies.map((values, i) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: answers have no other name than their place
          <li key={i}>
            <span className={styles.reward}>{formatNumber(rewards[i] ?? Number.NaN)}</span>
            <HeatStrip bins={colours.bins(values)} height={8} />
            <p className={styles.text}>{answerTokens.rolloutText(i)}</p>
          </li>
        ))}
      </ol>
    </>
  );
}

function Facts({ rewards, dependencies }: { readonly rewards: readonly number[]; readonly dependencies: readonly number[] }) {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
  const right = rewards.filter((reward) => reward > 0).length;
  return (
    <p className={styles.facts}>{`${right} of ${rewards.length} right · dependency ${formatNumber(mean(dependencies))} nats`}</p>
  );
}

/** Other steps with the same prompt, as they are found. */
function useSamePrompt(report: StepRollouts, prompt: number, { run, steps }: RolloutOrigin) {
  const [places, setPlaces] = useState<readonly { readonly step: number; readonly prompt: number }[]>([]);
  const [isSearching, setSearching] = useState(true);
  // A step that is taken meanwhile does not begin the search again.
  const stepsThen = useRef(steps);
  useEffect(() => {
    let isCurrent = true;
    setPlaces([]);
    setSearching(true);
    const others = stepsThen.current.filter((step) => step !== report.step);
    const isWanted = () => isCurrent;
    findSamePrompt(promptKey(report, prompt), { run, steps: others, isWanted }, (place) => {
      if (isCurrent) setPlaces((before) => [...before, place]);
    }).then(
      () => isCurrent && setSearching(false),
      (error: unknown) => useStore.getState().fail(error),
    );
    return () => {
      isCurrent = false;
    };
  }, [report, prompt, run]);
  return { places, isSearching };
}

function useReport(run: string | null, step: number | undefined): StepRollouts | undefined {
  const [report, setReport] = useState<StepRollouts>();
  useEffect(() => {
    let isCurrent = true;
    setReport(undefined);
    if (step !== undefined) {
      rolloutsAt(run, step).then(
        (found) => isCurrent && setReport(found),
        (error: unknown) => useStore.getState().fail(error),
      );
    }
    return () => {
      isCurrent = false;
    };
  }, [run, step]);
  return report;
}
