// The English of running sums that says nothing about the picture: the question, and the routine text of the chains, a small
// grammar whose every word is drawn, so that routine tokens have entropy. Words are ones the embedded tokenizer writes in one
// to three tokens; number words, not digits.

import type { Rng } from "@/lib/rng";
import { numberWord } from "../shapes/facts";
import type { Sum, SumStep } from "./sum";

/** "red objects", "blue squares". */
export function stepThings({ color, shape }: SumStep): string {
  return `${color} ${shape === null ? "objects" : `${shape}s`}`;
}

/** One of several English wordings of a sum. */
export function wordSum({ start, steps, bound }: Sum, rng: Rng): string {
  const sentences = [`${rng.pick(["You have", "There are", "Count on from"])} ${numberWord(start)}.`];
  steps.forEach((step) => {
    const verb = step.sign > 0 ? rng.pick(["Add", "Plus", "Put in"]) : rng.pick(["Take", "Less", "Take off"]);
    sentences.push(`${verb} the ${stepThings(step)}.`);
  });
  sentences.push(
    bound === null ? rng.pick(["What is the sum?", "How many are there?"]) : `Is the sum more than ${numberWord(bound)}?`,
  );
  return sentences.join(" ");
}

const interjections = ["Hm", "Okay", "Fine", "Sure", "Good", "Yes", "Now", "Well", "See", "So", "All set", "Here goes"];
const startLinks = ["we have", "there are", "I have", "it is", "that is", "the count is", "you say", "they say"];
const stepLinks = ["Now", "Then", "So now", "On to", "And", "And now", "Off to", "To", "See", "Over to"];
const tallyLinks = ["So", "So now", "That is", "Okay,", "Then", "Now", "And", "Fine,", "See,"];
const endLinks = ["So", "All in all", "Done,", "That is", "Then", "The sum is"];

const subjects = [
  "this",
  "that",
  "it",
  "the sum",
  "the set",
  "the line",
  "my way",
  "your play",
  "the day",
  "their air",
  "her hand",
];
const verbs = ["is", "was", "may be", "can be", "has to be", "had to be", "shall be", "did look"];
const degrees = ["", "", "not ", "so ", "as ", "less ", "more than ", "all ", "too ", "not so "];
const adjectives = [
  "good",
  "fine",
  "slow",
  "clear",
  "plain",
  "odd",
  "big",
  "small",
  "low",
  "old",
  "near",
  "far",
  "light",
  "large",
];
const people = ["I", "we", "you", "they", "he", "each boy", "one man", "all men"];
const modals = ["may", "can", "shall", "had to", "will", "did"];
const deeds = [
  "look",
  "think",
  "ask",
  "try",
  "play",
  "go on",
  "come",
  "name it",
  "say it",
  "call it",
  "set it",
  "move",
  "add up",
];
const tails = [
  "now",
  "too",
  "by day",
  "for now",
  "in a line",
  "on my own",
  "with you",
  "at all",
  "by hand",
  "as one",
  "off and on",
];
const pieces = ["one thing", "one end", "no line", "any day", "a good part", "your hand", "all form", "the old way", "my name"];
const joins = ["at", "by", "for", "over", "in", "on", "to", "after", "from"];
const times = ["a time", "the day", "the end", "now", "all", "the year", "a line", "the air", "one"];

/** A sentence about nothing: roughly ten tokens, about one nat each. */
export function muse(rng: Rng): string {
  const lead = rng.next() < 0.5 ? `${rng.pick(interjections)}, ` : "";
  const draw = rng.next();
  if (draw < 0.4) return sentence(`${lead}${rng.pick(subjects)} ${rng.pick(verbs)} ${rng.pick(degrees)}${rng.pick(adjectives)}`);
  if (draw < 0.75) return sentence(`${lead}${rng.pick(people)} ${rng.pick(modals)} ${rng.pick(deeds)} ${rng.pick(tails)}`);
  return sentence(`${lead}${rng.pick(pieces)} ${rng.pick(joins)} ${rng.pick(times)}`);
}

/** "Okay, we have three." */
export function wordStart(start: number, rng: Rng): string {
  return `${rng.pick(interjections)}, ${rng.pick(startLinks)} ${numberWord(start)}.`;
}

/** "Now the red objects." */
export function wordLead(step: SumStep, rng: Rng): string {
  return `${rng.pick(stepLinks)} the ${stepThings(step)}.`;
}

/** "So three plus two is five." */
export function wordTally(sign: 1 | -1, before: number, count: number, after: number, rng: Rng): string {
  const worked = `${numberWord(before)} ${sign > 0 ? "plus" : "less"} ${numberWord(count)} is ${numberWord(after)}`;
  return `${rng.pick(tallyLinks)} ${worked}.`;
}

/** "So five." or "So five to four, yes." */
export function wordEnd(total: number, bound: number | null, answer: string, rng: Rng): string {
  const end = `${rng.pick(endLinks)} ${numberWord(total)}`;
  return bound === null ? `${end}.` : `${end} to ${numberWord(bound)}, ${answer}.`;
}

function sentence(words: string): string {
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}.`;
}
