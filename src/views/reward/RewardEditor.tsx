// The user's own reward function: its text, a try on the shown answer or on a typed one, and what is wrong by line. It runs in the
// sandbox of `client/rewardSandbox.ts`, here as in training.
import { FlaskConical, RotateCcw } from "lucide-react";
import { useRef, useState, useSyncExternalStore } from "react";
import { failureText, type RewardOutcome, rewardSandbox } from "@/client/rewardSandbox";
import type { RewardFailure, RewardInput } from "@/protocol/sandbox";
import { settingProblems } from "@/state/settingChecks";
import { settingsTable } from "@/state/settings";
import { useStore } from "@/state/store";
import { Button } from "@/ui/Button";
import { CodeField } from "@/ui/CodeField";
import { formatNumber } from "@/ui/formatNumber";
import { TextField } from "@/ui/TextField";
import styles from "./RewardEditor.module.css";
import { shownAnswers } from "./shownAnswers";

const row = settingsTable.find((setting) => setting.kind === "text" && setting.key === "rewardSource");
const longest = row?.kind === "text" ? row.maxLength : 0;

interface Tried {
  readonly source: string;
  readonly inputs: readonly RewardInput[];
  readonly outcome: RewardOutcome;
}

/** Editor and trial of the reward function. */
export function RewardEditor() {
  const source = useStore((state) => state.settings.rewardSource);
  const problem = useStore((state) => settingProblems(state.settings).rewardSource);
  const setSetting = useStore((state) => state.setSetting);
  const [typed, setTyped] = useState("");
  const [answer, setAnswer] = useState("");
  const [tried, setTried] = useState<Tried | null>(null);
  const [isBusy, setBusy] = useState(false);
  const last = useRef(0);

  const tryIt = async () => {
    const mine = ++last.current;
    const shown = shownAnswers();
    const inputs = typed === "" && shown.length > 0 ? shown : [{ text: typed, answer, question: "", family: "" }];
    setBusy(true);
    const outcome = await rewardSandbox().tryReward(source, inputs);
    if (mine !== last.current) return;
    setBusy(false);
    setTried({ source, inputs, outcome });
  };

  // What was found out about another text says nothing about this one.
  const outcome = tried?.source === source ? tried.outcome : null;
  const inTraining = useFailureInTraining(source);
  const failure = outcome ? ("failure" in outcome ? outcome.failure : null) : inTraining;
  return (
    <div className={styles.editor}>
      <CodeField
        label="Reward function"
        value={source}
        maxLength={longest}
        onChange={(next) => setSetting("rewardSource", next)}
        help="TypeScript or JavaScript. The default export, or a function named reward, takes { text, answer, question, family } and gives a number. It has no network and no page, and 2 s for all answers of a step. It stays in this browser: a link does not hold it."
        error={problem ?? (failure && failureText(failure))}
        errorLine={failure?.line}
      />
      <TextField
        label="Answer to try it on"
        value={typed}
        onChange={setTyped}
        placeholder={"Empty: the rollouts shown above, or type e.g. \\boxed{3}"}
      />
      <TextField label="True answer" value={answer} onChange={setAnswer} placeholder="Only for a typed answer" />
      <div className={styles.buttons}>
        <Button
          label={isBusy ? "Trying…" : "Try it"}
          icon={<FlaskConical aria-hidden />}
          disabled={isBusy || problem !== undefined}
          onPress={() => void tryIt()}
        />
        <Button
          label="Example"
          tone="quiet"
          icon={<RotateCcw aria-hidden />}
          onPress={() => row?.kind === "text" && setSetting("rewardSource", row.default)}
        />
      </div>
      {outcome && "rewards" in outcome && tried && <Rewards inputs={tried.inputs} rewards={outcome.rewards} />}
    </div>
  );
}

/** How the present text failed when the engine last graded with it. */
function useFailureInTraining(source: string): RewardFailure | null {
  const { subscribe, lastFailure } = rewardSandbox();
  const last = useSyncExternalStore(subscribe, lastFailure);
  return last?.source === source ? last.failure : null;
}

function Rewards({ inputs, rewards }: { inputs: readonly RewardInput[]; rewards: readonly number[] }) {
  return (
    <ol className={styles.rewards} aria-label="Rewards" aria-live="polite">
      {rewards.map((reward, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: an answer is its place in the list
        <li key={i}>
          <strong>{formatNumber(reward)}</strong>
          <span title={inputs[i]?.text}>{inputs[i]?.text || "(empty answer)"}</span>
        </li>
      ))}
    </ol>
  );
}
