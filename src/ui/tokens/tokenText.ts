// The text of one rollout as coloured tokens: owns thousands of nodes outside React. Appending adds nodes, a new colouring changes
// only classes that differ, a moved threshold toggles only tokens that cross it. Reads no layout; knows no store.

import { binClasses } from "../color/binClasses";
import { createChunker, isSpecialToken, splitUnseen, unseenCode } from "./chunking";
import styles from "./tokenText.module.css";

/** Draws tokens into an element that nobody else writes to. */
export class TokenText {
  private nodes: HTMLElement[] = [];
  private bins = new Uint8Array(64);
  private kept = new Uint8Array(64);
  private chunker = createChunker();
  private chunk: HTMLElement | null = null;
  /** Holds the blocks of the reasoning at the start, so that they can be folded together. */
  private reasoning: HTMLElement | null = null;
  private reasoningEnded = false;
  private reasoningTokens = 0;
  private hovered = -1;
  private active = -1;
  private span: readonly [start: number, end: number] | null = null;

  /** @param idPrefix Makes option ids `${idPrefix}-${index}`. */
  constructor(
    private readonly host: HTMLElement,
    private readonly idPrefix: string,
  ) {}

  get length(): number {
    return this.nodes.length;
  }

  /** Tokens at the start that are reasoning, tags included; 0 when there is none, or none that is known yet. */
  get reasoningLength(): number {
    return this.reasoningTokens;
  }

  /** Hides or shows the reasoning; its tokens keep colours, marks and places. */
  setFolded(isFolded: boolean): void {
    if (this.reasoning) this.reasoning.hidden = isFolded;
  }

  /** The node of a token. */
  node(index: number): HTMLElement | undefined {
    return this.nodes[index];
  }

  /** Removes everything. */
  clear(): void {
    this.host.replaceChildren();
    this.nodes = [];
    this.chunker = createChunker();
    this.chunk = null;
    this.reasoning = null;
    this.reasoningEnded = false;
    this.reasoningTokens = 0;
    this.hovered = -1;
    this.active = -1;
    this.span = null;
  }

  /** Appends tokens until there are `count`. */
  extend(count: number, textOf: (index: number) => string): void {
    this.reserve(count);
    for (let i = this.nodes.length; i < count; i++) {
      const text = textOf(i);
      const { opens, thinking, endsThinking } = this.chunker.place(text);
      if (opens || !this.chunk) {
        this.chunk = document.createElement("div");
        this.chunk.className = thinking ? `${styles.chunk} ${styles.thinking}` : `${styles.chunk}`;
        this.chunk.setAttribute("role", "presentation");
        (this.isReasoning(thinking) ? this.openReasoning() : this.host).append(this.chunk);
      }
      const node = document.createElement("span");
      node.id = `${this.idPrefix}-${i}`;
      node.className = `${styles.token} ${binClasses[0]}`;
      if (isSpecialToken(text)) node.classList.add(styles.special ?? "");
      node.setAttribute("role", "option");
      node.setAttribute("aria-selected", "false");
      node.dataset.i = String(i);
      fillToken(node, text);
      nameBlank(node);
      this.bins[i] = 0;
      this.kept[i] = 0;
      this.chunk.append(node);
      this.nodes.push(node);
      if (endsThinking && !this.reasoningEnded) this.endReasoning();
      if (this.reasoning?.contains(this.chunk)) this.reasoningTokens = this.nodes.length;
    }
  }

  /** Only the reasoning that an answer begins with is folded. */
  private isReasoning(thinking: boolean): boolean {
    return thinking && !this.reasoningEnded && (this.reasoning !== null || this.nodes.length === 0);
  }

  private openReasoning(): HTMLElement {
    if (!this.reasoning) {
      this.reasoning = document.createElement("div");
      this.reasoning.setAttribute("role", "group");
      this.reasoning.setAttribute("aria-label", "Reasoning");
      this.host.prepend(this.reasoning);
    }
    return this.reasoning;
  }

  /** Without an opening tag it is the end that tells: all blocks so far were reasoning. */
  private endReasoning(): void {
    this.reasoningEnded = true;
    if (this.reasoning) return;
    const blocks = [...this.host.children];
    for (const block of blocks) block.classList.add(styles.thinking ?? "");
    this.openReasoning().append(...blocks);
  }

  /** Sets the colour bin of every token; returns how many nodes changed. */
  setBins(bins: Uint8Array): number {
    let touched = 0;
    for (let i = 0; i < this.nodes.length; i++) {
      const bin = bins[i] ?? 0;
      const before = this.bins[i] as number;
      if (bin === before) continue;
      this.nodes[i]?.classList.replace(binClasses[before] ?? "", binClasses[bin] ?? "");
      this.bins[i] = bin;
      touched++;
    }
    return touched;
  }

  /** Marks kept tokens; returns how many nodes changed. */
  setKept(mask: Uint8Array): number {
    let touched = 0;
    for (let i = 0; i < this.nodes.length; i++) {
      const kept = mask[i] ?? 0;
      if (kept === this.kept[i]) continue;
      this.nodes[i]?.classList.toggle(styles.kept ?? "", kept === 1);
      this.kept[i] = kept;
      touched++;
    }
    return touched;
  }

  /** Marks the token under the pointer, −1 for none. */
  setHovered(index: number): void {
    if (index === this.hovered) return;
    this.nodes[this.hovered]?.classList.remove(styles.hovered ?? "");
    this.nodes[index]?.classList.add(styles.hovered ?? "");
    this.hovered = index;
  }

  /** Marks the token that keys act on and gives it its spoken sentence, −1 for none. */
  setActive(index: number, spoken: string): void {
    const before = this.nodes[this.active];
    if (index !== this.active) {
      before?.classList.remove(styles.active ?? "");
      before?.removeAttribute("aria-label");
      if (before) nameBlank(before);
    }
    const node = this.nodes[index];
    this.active = index;
    if (!node) {
      this.host.removeAttribute("aria-activedescendant");
      return;
    }
    node.classList.add(styles.active ?? "");
    node.setAttribute("aria-label", spoken);
    this.host.setAttribute("aria-activedescendant", node.id);
  }

  /** Marks the pinned tokens, end included; null for none. */
  setSpan(span: readonly [start: number, end: number] | null): void {
    if (this.span) this.markSpan(this.span, false);
    if (span) this.markSpan(span, true);
    this.span = span;
  }

  private markSpan([start, end]: readonly [number, number], isOn: boolean): void {
    for (let i = start; i <= end; i++) {
      const node = this.nodes[i];
      node?.classList.toggle(styles.pinned ?? "", isOn);
      node?.setAttribute("aria-selected", String(isOn));
    }
  }

  private reserve(count: number): void {
    if (count <= this.bins.length) return;
    const capacity = Math.max(count, this.bins.length * 2);
    this.bins = enlarged(this.bins, capacity);
    this.kept = enlarged(this.kept, capacity);
  }
}

/** The token's own text; signs for white space are drawn by the style sheet. */
function fillToken(node: HTMLElement, text: string): void {
  if (text.startsWith(" ")) node.classList.add(styles.space ?? "");
  if (!/[\n\t]/.test(text)) {
    fillPiece(node, text === "" ? "∅" : text);
    return;
  }
  for (const piece of text.split(/(?=[\n\t])/)) {
    const sign = piece.startsWith("\n") ? styles.break : piece.startsWith("\t") ? styles.tab : undefined;
    if (sign !== undefined) node.append(Object.assign(document.createElement("i"), { className: sign }));
    fillPiece(node, piece);
  }
}

/** Characters that hide or turn what is around them stand alone, where they turn nothing, with their code drawn before them. */
function fillPiece(node: HTMLElement, text: string): void {
  for (const piece of splitUnseen(text)) {
    const code = unseenCode(piece);
    if (code === undefined) {
      node.append(piece);
      continue;
    }
    const sign = document.createElement("i");
    sign.className = styles.unseen ?? "";
    sign.dataset.code = code;
    sign.append(piece);
    node.append(sign);
  }
}

/** White space alone is no name for a screen reader. */
function nameBlank(node: HTMLElement): void {
  if (node.textContent?.trim() === "") node.setAttribute("aria-label", node.textContent.includes("\n") ? "line break" : "space");
}

function enlarged(source: Uint8Array, capacity: number): Uint8Array<ArrayBuffer> {
  const target = new Uint8Array(capacity);
  target.set(source);
  return target;
}

/** Index of the token an event happened on; −1 outside of tokens. */
export function tokenIndexOf(target: EventTarget | null): number {
  const node = target instanceof Element ? target.closest<HTMLElement>("[data-i]") : null;
  return node?.dataset.i === undefined ? -1 : Number(node.dataset.i);
}
