// The open rollout as token text: one tab stop with listbox keys, one pointer listener. React renders only the host element; tokens,
// colours and marks are set imperatively, so that a moving threshold touches nothing but the tokens that cross it.
import { useEffect, useRef } from "react";
import { answerTokens } from "@/client/live";
import { useStore } from "@/state/store";
import { currentColours } from "@/state/tokenColours";
import { spokenToken, tokenFacts } from "@/state/tokenFacts";
import { currentUpdate, subscribeUpdate } from "@/state/update";
import { TokenText, tokenIndexOf } from "@/ui/tokens/tokenText";
import styles from "./TokenView.module.css";
import { tokenIdPrefix } from "./tokenIds";
import { moveToken } from "./tokenKeys";

/** Coloured tokens of one rollout. */
export function TokenView({ rollout }: { rollout: number }) {
  const host = useRef<HTMLDivElement>(null);
  useEffect(() => (host.current ? mount(host.current, rollout) : undefined), [rollout]);
  return (
    <div
      ref={host}
      className={styles.tokens}
      role="listbox"
      aria-label="Answer tokens"
      aria-multiselectable="true"
      aria-orientation="horizontal"
      tabIndex={0}
    />
  );
}

function mount(host: HTMLElement, rollout: number): () => void {
  const text = new TokenText(host, tokenIdPrefix);
  let epoch = answerTokens.epoch;
  let active = -1;
  let anchor = -1;

  const draw = () => {
    if (epoch !== answerTokens.epoch) {
      epoch = answerTokens.epoch;
      text.clear();
      active = -1;
    }
    if (rollout >= answerTokens.rolloutCount) return;
    text.extend(answerTokens.length(rollout), (t) => answerTokens.tokenText(rollout, t));
    text.setBins(currentColours().bins[rollout] ?? new Uint8Array(0));
    text.setKept(currentUpdate().preview?.masks[rollout] ?? new Uint8Array(0));
    mark();
  };
  const mark = () => {
    const { hover, pinned } = useStore.getState();
    text.setHovered(hover?.rollout === rollout ? hover.token : -1);
    text.setSpan(pinned?.rollout === rollout ? [pinned.start, pinned.end] : null);
  };
  const activate = (token: number) => {
    active = token;
    const facts = tokenFacts({ rollout, token }, currentUpdate());
    text.setActive(token, facts ? spokenToken(facts) : "");
    if (token >= 0) useStore.getState().setHover({ rollout, token });
    text.node(token)?.scrollIntoView({ block: "nearest" });
  };
  const pin = (a: number, b: number) => useStore.getState().pin({ rollout, start: Math.min(a, b), end: Math.max(a, b) });

  const onPointerMove = (event: PointerEvent) => {
    if (event.pointerType === "touch") return;
    const token = tokenIndexOf(event.target);
    useStore.getState().setHover(token < 0 ? null : { rollout, token });
  };
  const onPointerLeave = () => useStore.getState().setHover(null);
  const onClick = (event: MouseEvent) => {
    const selection = document.getSelection();
    const start = tokenIndexOf(selection?.anchorNode?.parentElement ?? null);
    const end = tokenIndexOf(selection?.focusNode?.parentElement ?? null);
    // A drag that selected text across tokens pins them; the text stays selected for copying.
    if (selection && !selection.isCollapsed && start >= 0 && end >= 0 && host.contains(selection.anchorNode)) {
      pin(start, end);
      return;
    }
    const token = tokenIndexOf(event.target);
    if (token < 0) return;
    if (event.shiftKey && anchor >= 0) pin(anchor, token);
    else {
      anchor = token;
      pin(token, token);
    }
    activate(token);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const { pinned } = useStore.getState();
    if (event.key === "Escape") {
      useStore.getState().setHover(null);
      useStore.getState().pin(null);
      anchor = -1;
      return;
    }
    if (event.key === "Enter" && active >= 0) {
      event.preventDefault();
      anchor = active;
      pin(active, active);
      return;
    }
    const from = active >= 0 ? active : (pinned?.start ?? -1);
    const next = moveToken(event, from, {
      count: text.length,
      textAt: (t) => answerTokens.tokenText(rollout, t),
      isKept: (t) => currentUpdate().preview?.masks[rollout]?.[t] === 1,
      boxAt: (t) => text.node(t)?.getBoundingClientRect(),
    });
    if (next === null) return;
    event.preventDefault();
    event.stopPropagation();
    if (event.shiftKey) {
      if (anchor < 0) anchor = Math.max(from, 0);
      pin(anchor, next);
    } else anchor = next;
    activate(next);
  };
  const onFocus = () => {
    // Focus by key shows where the keys are; focus by click is followed by the click itself.
    if (active < 0 && text.length > 0 && host.matches(":focus-visible")) activate(useStore.getState().pinned?.start ?? 0);
  };
  const onBlur = () => useStore.getState().setHover(null);

  draw();
  host.addEventListener("pointermove", onPointerMove);
  host.addEventListener("pointerleave", onPointerLeave);
  host.addEventListener("click", onClick);
  host.addEventListener("keydown", onKeyDown);
  host.addEventListener("focus", onFocus);
  host.addEventListener("blur", onBlur);
  const stopUpdates = subscribeUpdate(draw);
  const stopMarks = useStore.subscribe((state, before) => {
    if (state.hover !== before.hover || state.pinned !== before.pinned) mark();
  });
  return () => {
    stopUpdates();
    stopMarks();
    host.removeEventListener("pointermove", onPointerMove);
    host.removeEventListener("pointerleave", onPointerLeave);
    host.removeEventListener("click", onClick);
    host.removeEventListener("keydown", onKeyDown);
    host.removeEventListener("focus", onFocus);
    host.removeEventListener("blur", onBlur);
    text.clear();
  };
}
