// One side of a comparison as coloured text, in blocks that the browser skips while they are out of sight. Dumb: texts, numbers and bins
// in, token places out. React renders the host alone; thousands of tokens are set by hand, and again only when the text is another.
import { useEffect, useRef } from "react";
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

/** What is drawn of a side. */
export interface ComparedWords {
  readonly texts: readonly string[];
  /** NaN marks a token without a partner. */
  readonly deltas: Float32Array;
  readonly bins: Uint8Array;
  /** Smaller differences have no colour. */
  readonly floor: number;
}

export interface ComparedTextProps {
  readonly side: "here" | "there";
  readonly title: string;
  readonly words: ComparedWords;
  readonly handlers: TokenHandlers;
}

/** The text of one side. */
export function ComparedText({ side, title, words, handlers }: ComparedTextProps) {
  const host = useRef<HTMLDivElement>(null);
  const drawn = useRef<DrawnWords>({ texts: [], nodes: [] });
  useEffect(() => {
    if (host.current) drawn.current = draw(host.current, drawn.current, words);
  }, [words]);
  return (
    <figure className={styles.side}>
      <figcaption className={styles.caption}>{title}</figcaption>
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: the table of changes pins by key */}
      {/* biome-ignore lint/a11y/useSemanticElements: a scrolling text is no field set */}
      <div
        ref={host}
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
      />
    </figure>
  );
}

interface DrawnWords {
  readonly texts: readonly string[];
  readonly nodes: readonly HTMLElement[];
}

/** Brings the host to these words: the same text changes its colours, another one is drawn anew. */
function draw(host: HTMLElement, before: DrawnWords, { texts, deltas, bins, floor }: ComparedWords): DrawnWords {
  const isSameText = before.texts.length === texts.length && before.texts.every((text, t) => text === texts[t]);
  const nodes = isSameText ? before.nodes : build(host, texts);
  nodes.forEach((node, t) => {
    const delta = deltas[t] ?? Number.NaN;
    const isAlone = Number.isNaN(delta);
    const ground = isAlone ? styles.alone : Math.abs(delta) < floor ? styles.even : binClasses[bins[t] ?? 0];
    const name = `${styles.word} ${ground}`;
    if (node.className !== name) node.className = name;
    node.title = isAlone ? "only on this side" : `Δ ${formatSigned(delta)}`;
  });
  return { texts, nodes };
}

function build(host: HTMLElement, texts: readonly string[]): readonly HTMLElement[] {
  const chunker = createChunker();
  const blocks: HTMLElement[] = [];
  const nodes = texts.map((text, t) => {
    if (chunker.place(text).opens || t === 0) {
      const block = document.createElement("div");
      block.className = styles.block ?? "";
      blocks.push(block);
    }
    const node = document.createElement("span");
    node.dataset.i = String(t);
    node.textContent = displayText(text);
    blocks.at(-1)?.append(node);
    return node;
  });
  host.replaceChildren(...blocks);
  return nodes;
}
