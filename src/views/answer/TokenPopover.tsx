// The one pop-over of all tokens, with every number a colour can show: opens 150 ms after a token is hovered or reached by key, swaps
// its content while the pointer moves on, closes 80 ms after it left, stays while the pointer is inside, and Escape dismisses it.
import { useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";
import { answerTokens } from "@/client/live";
import { useUpdate } from "@/state/answers/update";
import type { TokenRef } from "@/state/selection";
import { choiceSetting } from "@/state/settings";
import { useStore } from "@/state/store";
import { colourings, colourNames } from "@/state/tokens/colourings";
import { meaningOf, tokenValues } from "@/state/tokens/colouringValues";
import { useTokenColours } from "@/state/tokens/tokenColours";
import { measureSymbols, tokenFacts } from "@/state/tokens/tokenFacts";
import { formatNumber } from "@/ui/formatNumber";
import { tokenLabel } from "@/ui/tokens/chunking";
import { formatFixed, formatProbability, formatSigned } from "@/ui/tokens/numberText";
import styles from "./TokenPopover.module.css";
import { tokenElement } from "./tokenIds";

const openAfterMs = 150;
const closeAfterMs = 80;
const gap = 8;
const shownPairs = 4;

/** Follows the hover of the store; a hover that comes and goes before it opens renders nothing. */
export function TokenPopover() {
  const open = useStore((state) => state.rollout);
  const [shown, setShown] = useState<TokenRef | null>(null);
  const isInside = useRef(false);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const isOpen = useRef(false);
  const show = useCallback((token: TokenRef | null) => {
    clearTimeout(timer.current);
    isOpen.current = token !== null;
    setShown(token);
  }, []);
  const close = useCallback(() => {
    clearTimeout(timer.current);
    if (isOpen.current) timer.current = setTimeout(() => show(null), closeAfterMs);
  }, [show]);
  useEffect(() => {
    const follow = (hover: TokenRef | null) => {
      if (hover && isOpen.current) show(hover);
      else if (hover) {
        clearTimeout(timer.current);
        timer.current = setTimeout(() => show(useStore.getState().hover), openAfterMs);
      } else if (!isInside.current) close();
    };
    const stop = useStore.subscribe((state, before) => {
      if (state.hover !== before.hover) follow(state.hover);
    });
    const dismiss = (event: KeyboardEvent) => {
      if (event.key === "Escape" && isOpen.current) show(null);
    };
    // While a button is down the user is selecting text or dragging a slider.
    const hide = () => {
      if (isOpen.current) show(null);
    };
    window.addEventListener("keydown", dismiss);
    window.addEventListener("pointerdown", hide);
    return () => {
      stop();
      clearTimeout(timer.current);
      window.removeEventListener("keydown", dismiss);
      window.removeEventListener("pointerdown", hide);
    };
  }, [show, close]);
  if (!shown || shown.rollout !== open) return null;
  const enter = () => {
    isInside.current = true;
    clearTimeout(timer.current);
  };
  const leave = () => {
    isInside.current = false;
    if (!useStore.getState().hover) close();
  };
  return (
    <div onPointerEnter={enter} onPointerLeave={leave}>
      <Content token={shown} />
    </div>
  );
}

function Content({ token }: { token: TokenRef }) {
  const box = useRef<HTMLDivElement>(null);
  const update = useUpdate();
  const colours = useTokenColours();
  const colourBy = useStore((state) => state.settings.colourBy);
  const granularity = useStore((state) => state.settings.granularity);
  const facts = tokenFacts(token, update);
  useLayoutEffect(() => {
    if (box.current) place(box.current, token.token);
  });
  if (!facts) return null;
  const values = tokenValues(token, update);
  const { meaning } = colours;
  const shown = colours.values[token.rollout]?.[token.token] ?? Number.NaN;
  return (
    <div ref={box} className={styles.popover} role="tooltip">
      <p className={styles.title}>
        <span className={styles.token}>{tokenLabel(facts.text)}</span>
        <span className={styles.rank}>
          token {token.token + 1} · rank {facts.rank} of {facts.tokenCount} · {facts.kept ? "● kept" : "filtered out"}
        </span>
      </p>
      <dl className={styles.numbers}>
        {meaning.overlay && (
          <Entry label={meaning.label} value={valueText(shown, meaning.unit, meaning.overlay.signed)} isShown />
        )}
        {!meaning.overlay && granularity !== "token" && (
          <Entry
            label={`${meaning.label}, ${optionLabel("granularity")} ${optionLabel("groupValue")}`}
            value={valueText(shown, meaning.unit, colourings[colourBy].signed)}
            isShown
          />
        )}
        {colourNames.map((name) => (
          <Entry
            key={name}
            label={name === "dependency" ? `${colourings[name].label}, ${measureSymbols[facts.measure]}` : colourings[name].label}
            value={valueText(values[name], meaningOf(name, facts.measure).unit, colourings[name].signed)}
            isShown={name === colourBy && granularity === "token" && !meaning.overlay}
          />
        ))}
        <Entry label="log p, image" value={`${formatFixed(facts.logp, 2)} nats`} />
        <Entry label="log p, masked" value={`${formatFixed(facts.logpMasked, 2)} nats`} />
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

function valueText(value: number, unit: string, signed: boolean): string {
  if (Number.isNaN(value)) return "–";
  return `${signed ? formatSigned(value) : formatNumber(value)} ${unit}`.trim();
}

/** The name of the chosen option of a row, inside a sentence. */
function optionLabel(name: "granularity" | "groupValue"): string {
  const value = useStore.getState().settings[name];
  return (choiceSetting(name).options.find((option) => option.value === value)?.label ?? "").toLowerCase();
}

function Entry({ label, value, isShown = false }: { label: string; value: string; isShown?: boolean }) {
  return (
    <div data-shown={isShown || undefined}>
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
