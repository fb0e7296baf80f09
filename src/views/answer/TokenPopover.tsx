// The one pop-over of all tokens: opens 150 ms after a token is hovered or reached by key, swaps its content while the pointer moves
// on, closes 80 ms after it left, stays while the pointer is inside, and Escape dismisses it.
import { useEffect, useLayoutEffect, useRef, useState } from "react";
import { answerTokens } from "@/client/live";
import type { TokenRef } from "@/state/selection";
import { useStore } from "@/state/store";
import { measureSymbols, tokenFacts, unitOf } from "@/state/tokenFacts";
import { useUpdate } from "@/state/update";
import { formatNumber } from "@/ui/formatNumber";
import { tokenLabel } from "@/ui/tokens/chunking";
import { formatFixed, formatProbability, formatSigned } from "@/ui/tokens/numberText";
import styles from "./TokenPopover.module.css";
import { tokenElement } from "./tokenIds";

const openAfterMs = 150;
const closeAfterMs = 80;
const gap = 8;
const shownPairs = 4;

/** Follows the hover of the store. */
export function TokenPopover() {
  const hover = useStore((state) => state.hover);
  const open = useStore((state) => state.rollout);
  const [shown, setShown] = useState<TokenRef | null>(null);
  const [isInside, setInside] = useState(false);
  const isOpen = shown !== null;
  useEffect(() => {
    if (hover && isOpen) {
      setShown(hover);
      return;
    }
    if (!hover && (isInside || !isOpen)) return;
    const timer = setTimeout(() => setShown(hover), hover ? openAfterMs : closeAfterMs);
    return () => clearTimeout(timer);
  }, [hover, isInside, isOpen]);
  useEffect(() => {
    if (!isOpen) return;
    const dismiss = (event: KeyboardEvent) => {
      if (event.key === "Escape") setShown(null);
    };
    // While a button is down the user is selecting text or dragging a slider.
    const hide = () => setShown(null);
    window.addEventListener("keydown", dismiss);
    window.addEventListener("pointerdown", hide);
    return () => {
      window.removeEventListener("keydown", dismiss);
      window.removeEventListener("pointerdown", hide);
    };
  }, [isOpen]);
  if (!shown || shown.rollout !== open) return null;
  return (
    <div onPointerEnter={() => setInside(true)} onPointerLeave={() => setInside(false)}>
      <Content token={shown} />
    </div>
  );
}

function Content({ token }: { token: TokenRef }) {
  const box = useRef<HTMLDivElement>(null);
  const update = useUpdate();
  const facts = tokenFacts(token, update);
  useLayoutEffect(() => {
    if (box.current) place(box.current, token.token);
  });
  if (!facts) return null;
  const weight = update.preview?.weights[token.rollout]?.[token.token] ?? 0;
  return (
    <div ref={box} className={styles.popover} role="tooltip">
      <p className={styles.title}>
        <span className={styles.token}>{tokenLabel(facts.text)}</span>
        <span className={styles.rank}>
          rank {facts.rank} of {facts.tokenCount} · {facts.kept ? "● kept" : "filtered out"}
        </span>
      </p>
      <dl className={styles.numbers}>
        <Entry label={measureSymbols[facts.measure]} value={`${formatNumber(facts.dependency)} ${unitOf(facts.measure)}`} />
        <Entry label="log p, image" value={formatFixed(facts.logp, 2)} />
        <Entry label="log p, masked" value={formatFixed(facts.logpMasked, 2)} />
        <Entry label="weight" value={formatSigned(weight)} />
      </dl>
      <table className={styles.pairs}>
        <thead>
          <tr>
            <th scope="col">next token</th>
            <th scope="col">image</th>
            <th scope="col">masked</th>
          </tr>
        </thead>
        <tbody>
          {facts.pairs.rows.slice(0, shownPairs).map((row) => (
            <tr key={row.id} data-sampled={row.sampled || undefined}>
              <th scope="row">{tokenLabel(answerTokens.text(row.id))}</th>
              <td>{formatProbability(row.probability)}</td>
              <td>{formatProbability(row.probabilityMasked)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Entry({ label, value }: { label: string; value: string }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd>{value}</dd>
    </div>
  );
}

/** Below the token, or above where there is no room; hidden when the token is scrolled out of view. */
function place(box: HTMLElement, index: number): void {
  const anchor = tokenElement(index);
  // The first line box: a token that wraps has a bounding box as wide as the text.
  const target = anchor?.getClientRects()[0];
  if (!anchor || !target || !anchor.checkVisibility({ contentVisibilityAuto: true })) {
    box.style.visibility = "hidden";
    return;
  }
  const { offsetWidth: width, offsetHeight: height } = box;
  const below = target.bottom + gap;
  const top = below + height <= window.innerHeight ? below : target.top - gap - height;
  const left = Math.min(Math.max(target.left - 12, gap), window.innerWidth - width - gap);
  box.style.transform = `translate(${Math.round(left)}px, ${Math.round(Math.max(top, gap))}px)`;
  box.style.visibility = "visible";
}
