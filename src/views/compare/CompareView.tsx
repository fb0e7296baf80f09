// The shown rollout beside another one: another answer, a branch and its parent, before and after training, or another rollout of the same
// question. Shared tokens are coloured by the difference of their dependency; sums and the strongest changes stand above.
import { X } from "lucide-react";
import { type CSSProperties, useLayoutEffect, useMemo, useRef } from "react";
import { useExportSource } from "@/state/exportSources";
import { useStore } from "@/state/store";
import { measureSymbols, unitOf } from "@/state/tokens/tokenFacts";
import { Button } from "@/ui/Button";
import { binClasses } from "@/ui/color/binClasses";
import { type BinDomain, binDomain, binsOf } from "@/ui/color/binning";
import { binCount, binVariables } from "@/ui/color/maps";
import { Select } from "@/ui/Field";
import { formatNumber } from "@/ui/formatNumber";
import { Message } from "@/ui/Message";
import { tokenLabel } from "@/ui/tokens/chunking";
import { formatSigned } from "@/ui/tokens/numberText";
import { ComparedText, type TokenHandlers } from "./ComparedText";
import styles from "./CompareView.module.css";
import { type ComparedAnswers, useComparedAnswers } from "./useComparedAnswers";

const listed = 8;
/** Below this part of the map's end a difference is left uncoloured and unlisted: rounding, mostly. */
const visibleFloor = 0.005;

/** The comparison; nothing when what was compared is gone. */
export function CompareView() {
  const compared = useComparedAnswers();
  const compareWith = useStore((state) => state.compareWith);
  const view = useRef<HTMLElement>(null);
  const isThere = compared !== null;
  // What was just asked for comes into view.
  useLayoutEffect(() => {
    if (isThere && view.current) scrollToTop(view.current);
  }, [isThere]);
  if (!compared) return null;
  const { here, there } = compared;
  const rolloutOptions = Array.from({ length: there.rolloutCount }, (_, i) => ({ value: String(i), label: `Rollout ${i + 1}` }));
  return (
    <section
      ref={view}
      className={styles.view}
      aria-label="Comparison"
      style={binVariables("puor") as CSSProperties}
      data-signed="true"
    >
      <header className={styles.header}>
        <h3 className={styles.title}>Compared with “{there.label}”</h3>
        {there.rolloutCount > 1 && (
          <Select
            label="Rollout of the other answer"
            hideLabel
            value={String(there.rollout)}
            options={rolloutOptions}
            onChange={(value) => compareWith({ answer: there.answer, rollout: Number(value) })}
          />
        )}
        <Button label="Stop comparing" icon={<X />} iconOnly tone="quiet" onPress={() => compareWith(null)} />
      </header>
      {here.question !== there.question && (
        <Message>The two answer different questions, so shared words may stand for different things.</Message>
      )}
      {compared.isSame ? (
        <Message>This is the shown rollout itself. Choose another rollout, or open another one below.</Message>
      ) : (
        <Compared compared={compared} />
      )}
    </section>
  );
}

function Compared({ compared }: { compared: ComparedAnswers }) {
  const { here, there, comparison, measure } = compared;
  const { alignment, onlyA, onlyB, sumA, sumB, sumDelta, changes } = comparison;
  const pin = useStore((state) => state.pin);
  const setHover = useStore((state) => state.setHover);
  const texts = useRef<HTMLDivElement>(null);
  const symbol = measureSymbols[measure];
  const unit = unitOf(measure);
  const { domain, words } = useMemo(() => {
    const { deltaA, deltaB } = comparison;
    const domain = binDomain([deltaA.filter((delta) => !Number.isNaN(delta))], true);
    const floor = domain.max * visibleFloor;
    const here = { texts: compared.here.texts, deltas: deltaA, bins: binned(deltaA, domain), floor };
    const there = { texts: compared.there.texts, deltas: deltaB, bins: binned(deltaB, domain), floor };
    return { domain, words: { here, there } };
  }, [comparison, compared]);
  useExportSource({
    id: "comparison",
    title: "Comparison of two answers",
    panel: "answer",
    table: () => comparisonTable(compared),
    figure: () => texts.current,
  });
  const floor = domain.max * visibleFloor;
  const listedChanges = changes.filter(({ delta }) => Math.abs(delta) >= floor).slice(0, listed);
  const look = (token: number) => {
    setHover(token < 0 ? null : { rollout: here.rollout, token });
    for (const node of texts.current?.querySelectorAll("[data-linked]") ?? []) delete (node as HTMLElement).dataset.linked;
    const partner = alignment.toB[token] ?? -1;
    if (partner < 0) return;
    for (const [side, index] of [
      ["here", token],
      ["there", partner],
    ] as const) {
      const node = texts.current?.querySelector<HTMLElement>(`[data-side="${side}"] [data-i="${index}"]`);
      if (node) node.dataset.linked = "true";
    }
  };
  const pinHere = (token: number) => {
    if (token >= 0) pin({ rollout: here.rollout, start: token, end: token });
  };
  const onHere: TokenHandlers = { onLook: look, onPick: pinHere };
  const onThere: TokenHandlers = {
    onLook: (token) => look(alignment.toA[token] ?? -1),
    onPick: (token) => pinHere(alignment.toA[token] ?? -1),
  };
  return (
    <>
      <dl className={styles.summary} aria-label="Summary of the comparison">
        <Fact name="same tokens" value={String(alignment.same)} />
        <Fact name="only here" value={String(onlyA)} />
        <Fact name="only there" value={String(onlyB)} />
        <Fact name={`Σ ${symbol} here`} value={`${formatNumber(sumA)} ${unit}`} />
        <Fact name={`Σ ${symbol} there`} value={`${formatNumber(sumB)} ${unit}`} />
        <Fact name={`Σ Δ${symbol} on the same tokens`} value={`${formatSigned(sumDelta)} ${unit}`} />
      </dl>
      <Legend domain={domain} symbol={symbol} unit={unit} />
      <div ref={texts} className={styles.columns}>
        <ComparedText side="here" title={`Here: ${here.label}`} words={words.here} handlers={onHere} />
        <ComparedText side="there" title={`There: ${there.label}`} words={words.there} handlers={onThere} />
      </div>
      {listedChanges.length === 0 ? (
        <p className={styles.note}>{`On the tokens they share, the two differ by less than ${formatNumber(floor)} ${unit}.`}</p>
      ) : (
        <table className={styles.changes}>
          <caption>Strongest changes of {symbol}</caption>
          <thead>
            <tr>
              <th scope="col">Token</th>
              <th scope="col">Place, here / there</th>
              <th scope="col">Here</th>
              <th scope="col">There</th>
              <th scope="col">Δ{unit && `, ${unit}`}</th>
            </tr>
          </thead>
          <tbody>
            {listedChanges.map(({ a, b, delta }) => (
              <tr key={a}>
                <th scope="row">
                  <button type="button" className={styles.token} title="Pin this token" onClick={() => pinHere(a)}>
                    {tokenLabel(here.texts[a] ?? "")}
                  </button>
                </th>
                <td>{`${a + 1} / ${b + 1}`}</td>
                <td>{formatNumber(here.dependency[a] ?? Number.NaN)}</td>
                <td>{formatNumber(there.dependency[b] ?? Number.NaN)}</td>
                <td>{formatSigned(delta)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </>
  );
}

function Fact({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

function Legend({ domain, symbol, unit }: { domain: BinDomain; symbol: string; unit: string }) {
  const end = `${formatNumber(domain.max)} ${unit}`.trim();
  return (
    <p className={styles.legend}>
      <span>
        Δ{symbol}: more there ≥ {end}
      </span>
      <span className={styles.ramp} aria-hidden="true">
        {Array.from({ length: binCount }, (_, bin) => (
          <i key={binClasses[bin]} className={binClasses[bin]} />
        ))}
      </span>
      <span>≥ {end} more here</span>
      <span className={styles.alone}>only on one side</span>
    </p>
  );
}

/** Bins of the differences; tokens without a partner get the bin of 0 and their own mark. */
function binned(deltas: Float32Array, domain: BinDomain): Uint8Array {
  return binsOf(
    deltas.map((delta) => (Number.isNaN(delta) ? 0 : delta)),
    domain,
    "linear",
  );
}

function comparisonTable({ here, there, comparison, measure }: ComparedAnswers) {
  const unit = unitOf(measure) || "probability";
  const rows: (string | number)[][] = [];
  const { toB, toA } = comparison.alignment;
  toB.forEach((b, a) => {
    const partner =
      b < 0 ? ["", "", "", ""] : [b + 1, there.texts[b] ?? "", there.dependency[b] ?? "", comparison.deltaA[a] ?? ""];
    rows.push([a + 1, here.texts[a] ?? "", here.dependency[a] ?? "", ...partner]);
  });
  toA.forEach((a, b) => {
    if (a < 0) rows.push(["", "", "", b + 1, there.texts[b] ?? "", there.dependency[b] ?? "", ""]);
  });
  const columns = ["token_here", "text_here", `${measure}_here_${unit}`, "token_there", "text_there"];
  return { columns: [...columns, `${measure}_there_${unit}`, `delta_${unit}`], rows };
}

/** Scrolls what scrolls around an element, and nothing further out, until the element is at its top. */
function scrollToTop(element: HTMLElement): void {
  let box = element.parentElement;
  while (box && !(box.scrollHeight > box.clientHeight && /auto|scroll/.test(getComputedStyle(box).overflowY)))
    box = box.parentElement;
  if (box) box.scrollTop += element.getBoundingClientRect().top - box.getBoundingClientRect().top;
}
