// What the drawn region was found to matter for, how long that took, or what is missing to find out.
import { answerHeader, answerTokens } from "@/client/live";
import { useExportSource } from "@/state/exportSources";
import { useLook } from "@/state/look/look";
import { faintNats } from "@/state/look/occlusionMap";
import { type RegionResult, regionResult } from "@/state/look/regionJob";
import { useStore } from "@/state/store";
import { Button } from "@/ui/Button";
import { formatNumber } from "@/ui/formatNumber";
import { displayText } from "@/ui/tokens/chunking";
import styles from "./Look.module.css";
import { LookStatusLine } from "./LookStatusLine";

/** `isShown`: the shown answer is about the picture that the region is drawn on. */
export function RegionStatus({ isShown }: { isShown: boolean }) {
  useLook((state) => state.version);
  const rollout = useStore((state) => state.rollout);
  const result = regionResult();
  useExportSource(
    result && { id: "region-dependency", title: "Dependency on the region", panel: "prompt", table: () => tableOf(result) },
  );
  return (
    <div className={styles.part}>
      <LookStatusLine kind="region" what="Region" />
      {!isShown && answerHeader()?.image && <TakeBack />}
      {result && <p className={styles.note}>{strongestText(result, rollout)}</p>}
    </div>
  );
}

/** Makes the answer's picture and question the input again. */
function TakeBack() {
  const setInput = useStore((state) => state.setInput);
  const take = () => {
    const header = answerHeader();
    if (!header?.image) return;
    const { origin, image, question, answer } = header;
    setInput({ image: origin?.picture ?? image, moreImages: origin?.moreImages ?? [], question, answer, sample: null });
  };
  return <Button label="Take the answer’s picture" onPress={take} />;
}

/** Names the tokens of the open rollout that depend most on the region. */
function strongestText({ kl }: RegionResult, rollout: number): string {
  const values = kl[rollout] ?? new Float32Array();
  const order = Array.from(values, (_, t) => t).sort((a, b) => (values[b] as number) - (values[a] as number));
  const top = order.slice(0, 3).filter((t) => (values[t] as number) > faintNats);
  if (top.length === 0) return `No token of this rollout depends on the region by more than ${faintNats} nats.`;
  const names = top.map(
    (t) => `“${displayText(answerTokens.tokenText(rollout, t)).trim()}” ${formatNumber(values[t] as number)}`,
  );
  return `Depend most on it: ${names.join(", ")} nats.`;
}

function tableOf({ region, kl }: RegionResult) {
  const [x0, y0, x1, y1] = region;
  return {
    columns: ["rollout", "token", "text", "kl_nats", "x0", "y0", "x1", "y1"],
    rows: kl.flatMap((values, rollout) =>
      Array.from(values, (value, t) => [rollout, t, answerTokens.tokenText(rollout, t), value, x0, y0, x1, y1]),
    ),
  };
}
