// The open rollout as token text: one tab stop with listbox keys, one pointer listener. React renders only the host element; tokens,
// colours and marks are set imperatively, so that a moving threshold touches nothing but the tokens that cross it. As a table it
// comes from a file of its own.

import { ChevronRight } from "lucide-react";
import { lazy, Suspense, useEffect, useRef, useState } from "react";
import { answerTokens } from "@/client/live";
import { tokenOverlay } from "@/client/tokenOverlay";
import { isKept, keptTokens } from "@/rl/tokenSelection";
import { currentUpdate } from "@/state/answers/update";
import { useStore } from "@/state/store";
import { currentColours, subscribeColours } from "@/state/tokens/tokenColours";
import { spokenToken, tokenFacts } from "@/state/tokens/tokenFacts";
import { EmptyState } from "@/ui/Message";
import { TokenText, tokenIndexOf } from "@/ui/tokens/tokenText";
import styles from "./TokenView.module.css";
import { tokenIdPrefix } from "./tokenIds";
import { moveToken } from "./tokenKeys";

const TokenTable = lazy(async () => ({ default: (await import("./TokenViewTable")).TokenViewTable }));

/** Tokens of one rollout, as coloured text or as a table. */
export function TokenView({ rollout }: { rollout: number }) {
  const isTable = useStore((state) => state.settings.answerAs === "table");
  if (!isTable) return <TokenListbox rollout={rollout} />;
  return (
    <Suspense fallback={<EmptyState>The table is being drawn…</EmptyState>}>
      <TokenTable rollout={rollout} />
    </Suspense>
  );
}

/** Coloured tokens, with a switch that folds the reasoning at their start. */
function TokenListbox({ rollout }: { rollout: number }) {
  const density = useStore((state) => state.settings.density);
  const whitespace = useStore((state) => state.settings.whitespace);
  const host = useRef<HTMLDivElement>(null);
  const mounted = useRef<MountedTokens | null>(null);
  const [reasoning, setReasoning] = useState(0);
  // Open until the user folds it: what it depends on is what the page is for.
  const [isFolded, setFolded] = useState(false);
  useEffect(() => {
    if (!host.current) return;
    mounted.current = mount(host.current, rollout, { onReasoning: setReasoning, onUnfold: () => setFolded(false) });
    return () => {
      mounted.current?.unmount();
      mounted.current = null;
    };
  }, [rollout]);
  useEffect(() => mounted.current?.setFolded(isFolded), [isFolded]);
  return (
    <>
      {reasoning > 0 && (
        <button type="button" className={styles.fold} aria-expanded={!isFolded} onClick={() => setFolded(!isFolded)}>
          <ChevronRight aria-hidden />
          {`Reasoning, ${reasoning} tokens`}
        </button>
      )}
      <div
        ref={host}
        className={styles.tokens}
        role="listbox"
        aria-label="Answer tokens"
        aria-multiselectable="true"
        aria-orientation="horizontal"
        tabIndex={0}
        data-density={density}
        data-whitespace={whitespace}
        // Characters find no token by its name here, so they stay shortcuts (app/useShortcuts.ts).
        data-single-keys=""
      />
    </>
  );
}

interface MountedTokens {
  setFolded(isFolded: boolean): void;
  unmount(): void;
}

interface TokenHooks {
  /** How many tokens at the start are reasoning, whenever that changes. */
  readonly onReasoning: (tokens: number) => void;
  /** A folded token was gone to, by key or by a pin. */
  readonly onUnfold: () => void;
}

function mount(host: HTMLElement, rollout: number, { onReasoning, onUnfold }: TokenHooks): MountedTokens {
  const text = new TokenText(host, tokenIdPrefix);
  let epoch = answerTokens.epoch;
  let active = -1;
  let anchor = -1;
  let reasoning = 0;
  let folded = false;
  let isOwnPin = false;

  const fold = (isFolded: boolean) => {
    folded = isFolded;
    text.setFolded(isFolded);
  };
  const reveal = (token: number) => {
    if (!folded || token < 0 || token >= text.reasoningLength) return;
    fold(false);
    onUnfold();
  };
  const draw = () => {
    if (epoch !== answerTokens.epoch) {
      epoch = answerTokens.epoch;
      text.clear();
      active = -1;
    }
    if (rollout >= answerTokens.rolloutCount) return;
    text.extend(answerTokens.length(rollout), (t) => answerTokens.tokenText(rollout, t));
    text.setFolded(folded);
    if (reasoning !== text.reasoningLength) {
      reasoning = text.reasoningLength;
      onReasoning(reasoning);
    }
    text.setBins(currentColours().bins[rollout] ?? new Uint8Array(0));
    text.setKept(keptTokens(currentUpdate().preview?.masks[rollout] ?? new Float32Array(0)));
    mark();
  };
  const mark = () => {
    const { hover, pinned } = useStore.getState();
    text.setHovered(hover?.rollout === rollout ? hover.token : -1);
    text.setSpan(pinned?.rollout === rollout ? [pinned.start, pinned.end] : null);
  };
  const activate = (token: number) => {
    active = token;
    reveal(token);
    const facts = tokenFacts({ rollout, token }, currentUpdate());
    text.setActive(token, facts ? spokenToken(facts) : "");
    if (token >= 0) useStore.getState().setHover({ rollout, token });
    text.node(token)?.scrollIntoView({ block: "nearest" });
  };
  /** Pinned in the strip, the histogram, a list or a link: the text follows. What is pinned here is in view already. */
  const bringPinned = () => {
    const { pinned } = useStore.getState();
    if (pinned?.rollout !== rollout) return;
    reveal(pinned.start);
    if (!isOwnPin) text.node(pinned.start)?.scrollIntoView({ block: "nearest" });
  };
  const pin = (a: number, b: number) => {
    isOwnPin = true;
    useStore.getState().pin({ rollout, start: Math.min(a, b), end: Math.max(a, b) });
    isOwnPin = false;
  };

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
      // An overlay goes first, by the page's own Escape (app/actionRows/askRows.ts).
      if (tokenOverlay()) return;
      useStore.getState().pin(null);
      anchor = -1;
      return;
    }
    if ((event.key === "Enter" || event.key === " ") && active >= 0) {
      event.preventDefault();
      event.stopPropagation();
      anchor = active;
      pin(active, active);
      return;
    }
    const from = active >= 0 ? active : (pinned?.start ?? -1);
    const next = moveToken(event, from, {
      count: text.length,
      textAt: (t) => answerTokens.tokenText(rollout, t),
      isKept: (t) => isKept(currentUpdate().preview?.masks[rollout]?.[t]),
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
  bringPinned();
  host.addEventListener("pointermove", onPointerMove);
  host.addEventListener("pointerleave", onPointerLeave);
  host.addEventListener("click", onClick);
  host.addEventListener("keydown", onKeyDown);
  host.addEventListener("focus", onFocus);
  host.addEventListener("blur", onBlur);
  const stopUpdates = subscribeColours(draw);
  const stopMarks = useStore.subscribe((state, before) => {
    if (state.hover !== before.hover || state.pinned !== before.pinned) mark();
    if (state.pinned !== before.pinned) bringPinned();
  });
  const unmount = () => {
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
  return { setFolded: fold, unmount };
}
