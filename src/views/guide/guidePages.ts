// THE table of the guide's pages: what each says, which parts of the page it talks about, the one thing to do, and how the page's state
// shows that it was done. Texts only; the drawer draws them and ticks them off.

import { currentUpdate } from "@/state/answers/update";
import type { AppState } from "@/state/store";
import { tokenFacts } from "@/state/tokens/tokenFacts";

/** One page of the guide. */
export interface GuidePage {
  readonly id: string;
  readonly title: string;
  readonly text: readonly string[];
  /** The one thing to do, as a request. */
  readonly todo: string;
  /** What it talks about, as selectors; every match gets an outline. */
  readonly parts: readonly string[];
  /** Where "Show me" puts the focus: the visible label of a control, or a selector. */
  readonly focus: { readonly label: string } | { readonly selector: string };
  /** Whether it was done: by the state as it is now, and as it was when the guide was opened. */
  readonly isDone: (now: AppState, then: AppState) => boolean;
}

const part = (label: string) => `[aria-label="${label}"]`;

const masks = ["maskStrategy", "maskRatio", "maskCellSize", "maskSeed"] as const;

/** The seven pages, in their order. */
export const guidePages: readonly GuidePage[] = [
  {
    id: "ask",
    title: "Ask",
    text: [
      "A vision-language model runs in this page, on your own machine. Pick one of the samples or drop a picture, and ask.",
      "The same answer is read twice: once with the picture, once with a masked copy of it. What changes between the two is what the picture was needed for.",
    ],
    todo: "Press Ask and let the answer come in.",
    parts: [part("Input")],
    focus: { selector: `${part("Question")} textarea` },
    isDone: ({ ask, source }) => source === "live" && ask.status === "finished",
  },
  {
    id: "heat",
    title: "Read the heat",
    text: [
      "The colour of a word is its visual dependency: the KL divergence between both predictions, in nats. The scale stands above the answer.",
      "Grammar stays cold; colours, counts and places light up. An answer that stays cold was guessed.",
    ],
    todo: "Click a word of the answer, or reach it with the arrow keys and press Enter: it is pinned.",
    parts: [`${part("Answer")}[role="region"], section${part("Answer")}`],
    focus: { selector: `[role="listbox"]${part("Answer tokens")}` },
    isDone: ({ pinned }) => pinned !== null,
  },
  {
    id: "mask",
    title: "Mask it yourself",
    text: [
      "What the masked copy hides decides what can be seen: random patches, blur, noise, a mean colour, everything, or a region you draw.",
      "The copy beside the picture is what the model gets. Another seed hides other patches; a small part tells you where it looked.",
    ],
    todo: "Change the mask: another kind, ratio or seed, or draw a region.",
    parts: [part("Image"), part("Mask")],
    focus: { label: "Mask" },
    isDone: (now, then) => now.region !== then.region || masks.some((key) => now.settings[key] !== then.settings[key]),
  },
  {
    id: "predictions",
    title: "Two predictions, one KL",
    text: [
      "The inspector shows what the model expected at one place: with the picture, and without. Each row's difference adds to the KL; the sum is the number that colours the word.",
      "Where both agree, the picture told the model nothing new.",
    ],
    todo: "Pin the word that depends most on the picture: its rank is 1.",
    parts: [part("Inspector")],
    focus: { selector: `[role="listbox"]${part("Answer tokens")}` },
    isDone: ({ pinned }) =>
      pinned !== null &&
      pinned.start === pinned.end &&
      tokenFacts({ rollout: pinned.rollout, token: pinned.start }, currentUpdate())?.rank === 1,
  },
  {
    id: "keep",
    title: "Keep k %",
    text: [
      "VPPO lets only the k % of words with the highest dependency take part in the update. The others neither help nor harm.",
      "The histogram shows where that line falls and how much of all dependency is kept. Drag the line, or the slider.",
    ],
    todo: "Move Keep k.",
    parts: [part("Distribution"), part("Effect on the shown answer")],
    focus: { label: "Keep k" },
    isDone: (now, then) => now.settings.keepRatio !== then.settings.keepRatio,
  },
  {
    id: "advantage",
    title: "Shape the advantage",
    text: [
      "Answers of one group compete: those above the group's mean reward get a positive advantage. VPPO then scales it by how much the whole answer looked, from β_min up.",
      "Rewards are not carved in stone: type another one and see advantages and weights move, with no training.",
    ],
    todo: "Move β_min, or edit a reward.",
    parts: [`section${part("Answer")}`],
    focus: { label: "β_min" },
    isDone: (now, then) =>
      now.settings.betaMin !== then.settings.betaMin ||
      (now.rewardEdits !== then.rewardEdits && Object.keys(now.rewardEdits).length > 0),
  },
  {
    id: "step",
    title: "Take a step",
    text: [
      "A step samples answers, grades them, and moves a small adapter of the model on your GPU. Charts below show what it did; the recorded run stands beside it.",
      "You cannot break anything: Reset forgets the adapter, and every run is stored as it goes.",
    ],
    todo: "Press Step.",
    parts: [part("Training controls"), part("Training charts")],
    focus: { selector: `${part("Training controls")} [aria-label="Step"]` },
    isDone: ({ training }) => training.step > 0,
  },
];
