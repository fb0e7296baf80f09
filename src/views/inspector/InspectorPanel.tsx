// The Inspector panel: everything about the pinned token, else the hovered one, else the one that depends most on the image; or
// totals of a pinned span. Wiring and choice of what to show; the sections are dumb.
import { Pin, PinOff } from "lucide-react";
import type { CSSProperties, ReactNode } from "react";
import { type AnswerUpdate, useUpdate } from "@/state/answers/update";
import type { TokenRef, TokenSpan } from "@/state/selection";
import { useStore } from "@/state/store";
import { measureSymbols, type TokenFacts, tokenFacts, unitOf } from "@/state/tokens/tokenFacts";
import { Button } from "@/ui/Button";
import { binVariables } from "@/ui/color/maps";
import { formatNumber } from "@/ui/formatNumber";
import { EmptyState } from "@/ui/Message";
import { PanelMenuSlot } from "@/ui/PanelMenuSlot";
import { tokenLabel } from "@/ui/tokens/chunking";
import { formatFixed, formatProbability } from "@/ui/tokens/numberText";
import { LookSlot } from "@/views/look/LookSlot";
import styles from "./InspectorPanel.module.css";
import { MeasureTip } from "./MeasureTip";
import { PairedBars } from "./PairedBars";
import { SpanSummary } from "./SpanSummary";
import { WeightFormula } from "./WeightFormula";

/** The inspector; takes no props. */
export function InspectorPanel() {
  return (
    <section className={styles.panel} aria-label="Inspector" style={binVariables("cividis") as CSSProperties}>
      <Shown />
    </section>
  );
}

function Shown() {
  const update = useUpdate();
  const pinned = useStore((state) => state.pinned);
  const hover = useStore((state) => state.hover);
  const open = useStore((state) => state.rollout);
  if (pinned && pinned.end > pinned.start && isInside(pinned, update)) {
    return (
      <>
        <SpanSummary span={pinned} update={update} />
        <LookSlot />
      </>
    );
  }
  const choice = pinned && isInside(pinned, update) ? "pinned" : hover ? "hovered" : "strongest";
  const ref =
    choice === "pinned" && pinned ? { rollout: pinned.rollout, token: pinned.start } : (hover ?? strongest(open, update));
  const facts = ref && tokenFacts(ref, update);
  if (!facts)
    return <EmptyState>No token yet. When an answer streams in, point at a word or click it to pin it here.</EmptyState>;
  return <Token facts={facts} update={update} choice={choice} />;
}

const choiceText = {
  pinned: "Pinned",
  hovered: "Under the pointer; click to pin",
  strongest: "Depends most on the image; click a word to pin it",
} as const;

function Token({ facts, update, choice }: { facts: TokenFacts; update: AnswerUpdate; choice: keyof typeof choiceText }) {
  const pin = useStore((state) => state.pin);
  const { rollout, token } = facts.ref;
  return (
    <>
      <header className={styles.header}>
        <div className={styles.heading}>
          <p className={styles.choice}>{choiceText[choice]}</p>
          <h2 className={styles.title}>
            <span className={styles.token}>{tokenLabel(facts.text)}</span>
            <span className={styles.place}>
              token {token + 1} of {facts.tokenCount}, rollout {rollout + 1}
            </span>
          </h2>
        </div>
        {choice === "pinned" ? (
          <Button label="Unpin" icon={<PinOff />} iconOnly tone="quiet" onPress={() => pin(null)} />
        ) : (
          <Button label="Pin" icon={<Pin />} iconOnly tone="quiet" onPress={() => pin({ rollout, start: token, end: token })} />
        )}
        <PanelMenuSlot />
      </header>
      <div className={styles.figures}>
        <Figure
          label={
            <MeasureTip measure={facts.measure} facts={facts}>
              {measureSymbols[facts.measure]}
            </MeasureTip>
          }
          value={formatNumber(facts.dependency)}
          unit={unitOf(facts.measure)}
        />
        <Figure label="rank" value={String(facts.rank)} unit={`of ${facts.tokenCount}`} />
        <Figure label="gradient" value={facts.kept ? "● kept" : "filtered"} unit="" />
      </div>
      <dl className={styles.numbers}>
        <Row label="log p, image" value={formatFixed(facts.logp, 3)} />
        <Row label="masked" value={formatFixed(facts.logpMasked, 3)} />
        <Row label="Entropy, image" value={formatFixed(facts.entropy, 3)} />
        <Row label="masked" value={formatFixed(facts.entropyMasked, 3)} />
        <Row
          label={
            <MeasureTip measure="kl" facts={facts}>
              KL
            </MeasureTip>
          }
          value={formatNumber(facts.kl)}
        />
        <Row
          label={
            <MeasureTip measure="k3" facts={facts}>
              k3
            </MeasureTip>
          }
          value={formatNumber(facts.k3)}
        />
        <Row
          label={
            <MeasureTip measure="jsd" facts={facts}>
              JSD
            </MeasureTip>
          }
          value={formatNumber(facts.jsd)}
        />
        <Row
          label={
            <MeasureTip measure="top1_drop" facts={facts}>
              Top-1 drop
            </MeasureTip>
          }
          value={formatProbability(facts.top1Drop)}
        />
      </dl>
      <PairedBars pairs={facts.pairs} kl={facts.kl} at={facts.ref} />
      <LookSlot />
      <WeightFormula facts={facts} update={update} />
    </>
  );
}

function Figure({ label, value, unit }: { label: ReactNode; value: string; unit: string }) {
  return (
    <p className={styles.figure}>
      <span className={styles.figureLabel}>{label}</span>
      <span>
        <strong>{value}</strong> {unit}
      </span>
    </p>
  );
}

function Row({ label, value }: { label: ReactNode; value: string }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd>{value}</dd>
    </div>
  );
}

function isInside(span: TokenSpan, update: AnswerUpdate): boolean {
  return span.end < (update.dependencies[span.rollout]?.length ?? 0);
}

function strongest(rollout: number, update: AnswerUpdate): TokenRef | null {
  const dependency = update.dependencies[rollout];
  if (!dependency || dependency.length === 0) return null;
  let token = 0;
  dependency.forEach((value, t) => {
    if (value > (dependency[token] as number)) token = t;
  });
  return { rollout, token };
}
