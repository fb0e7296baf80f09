// One side of a comparison as coloured text, in blocks that the browser skips while they are out of sight. Dumb: texts and bins in, token
// places out; one listener for all tokens.
import { memo, useMemo } from "react";
import { classes } from "@/ui/classes";
import { binClasses } from "@/ui/color/binClasses";
import { createChunker, displayText } from "@/ui/tokens/chunking";
import { formatSigned } from "@/ui/tokens/numberText";
import { tokenIndexOf } from "@/ui/tokens/tokenText";
import styles from "./CompareView.module.css";

/** What pointing at tokens does; −1 is none. */
export interface TokenHandlers {
  readonly onLook: (token: number) => void;
  readonly onPick: (token: number) => void;
}

export interface ComparedTextProps {
  readonly side: "here" | "there";
  readonly title: string;
  readonly texts: readonly string[];
  /** NaN marks a token without a partner. */
  readonly deltas: Float32Array;
  readonly bins: Uint8Array;
  readonly handlers: TokenHandlers;
}

/** The text of one side. */
export function ComparedText({ side, title, texts, deltas, bins, handlers }: ComparedTextProps) {
  const blocks = useMemo(() => blocksOf(texts), [texts]);
  return (
    <figure className={styles.side}>
      <figcaption className={styles.caption}>{title}</figcaption>
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: the table of changes pins by key */}
      {/* biome-ignore lint/a11y/useSemanticElements: a scrolling text is no field set */}
      <div
        className={styles.text}
        data-side={side}
        role="group"
        aria-label={title}
        // What scrolls must be reachable by keys.
        // biome-ignore lint/a11y/noNoninteractiveTabindex: see above
        tabIndex={0}
        onPointerOver={(event) => handlers.onLook(tokenIndexOf(event.target))}
        onPointerLeave={() => handlers.onLook(-1)}
        onClick={(event) => handlers.onPick(tokenIndexOf(event.target))}
      >
        {blocks.map((start, i) => {
          const end = blocks[i + 1] ?? texts.length;
          return (
            <Block
              key={start}
              start={start}
              text={texts.slice(start, end)}
              deltas={deltas.subarray(start, end)}
              bins={bins.subarray(start, end)}
            />
          );
        })}
      </div>
    </figure>
  );
}

interface BlockProps {
  readonly start: number;
  readonly text: readonly string[];
  readonly deltas: Float32Array;
  readonly bins: Uint8Array;
}

const Block = memo(
  function Block({ start, text, deltas, bins }: BlockProps) {
    return (
      <div className={styles.block}>
        {text.map((one, i) => {
          const delta = deltas[i] ?? Number.NaN;
          const isAlone = Number.isNaN(delta);
          return (
            <span
              // biome-ignore lint/suspicious/noArrayIndexKey: a token is its place
              key={start + i}
              data-i={start + i}
              className={classes(styles.word, binClasses[bins[i] ?? 0], isAlone && styles.alone)}
              title={isAlone ? "only on this side" : `Δ ${formatSigned(delta)}`}
            >
              {displayText(one)}
            </span>
          );
        })}
      </div>
    );
  },
  (before, after) =>
    before.text.length === after.text.length &&
    before.text.every((one, i) => one === after.text[i]) &&
    before.deltas.every((delta, i) => Object.is(delta, after.deltas[i])) &&
    before.bins.every((bin, i) => bin === after.bins[i]),
);

/** Where the blocks begin. */
function blocksOf(texts: readonly string[]): readonly number[] {
  const chunker = createChunker();
  const starts: number[] = [];
  texts.forEach((text, t) => {
    if (chunker.place(text).opens || t === 0) starts.push(t);
  });
  return starts;
}
