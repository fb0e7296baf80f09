// The text the embedded model's tokenizer is trained on: questions and answers of the shapes world, and a list of common
// English words with a small weight, so that a user's own question does not fall apart into single bytes.

import { createRng } from "@/lib/rng";
import { writeAnswer } from "@/tasks/shapes/answers";
import { factTopics } from "@/tasks/shapes/facts";
import { wordQuery } from "@/tasks/shapes/query";
import { drawFamily, drawQuestion } from "@/tasks/shapes/questions";

const commonWords =
  "the of and to in is you that it he was for on are as with his they at be this have from or had by hot but some what " +
  "there we can out other were all your when up use word how said an each she which do their time if will way about many " +
  "then them would write like so these her long make thing see him two has look more day could go come did my sound no " +
  "most number who over know water than call first people may down side been now find any new work part take get place " +
  "made live where after back little only round man year came show every good me give our under name very through just " +
  "form much great think say help low line before turn cause same mean differ move right boy old too does tell set three " +
  "want air well also play small end put home read hand port large spell add even land here must big high such follow act " +
  "why ask change went light kind off need house picture try us again animal point image object color shape image left " +
  "above below between next near far not because white black orange purple";

/** How often common words and control questions count, against the texts drawn from the task. */
const commonCount = 2;
const factCount = 20;

/** Per problem its question and a response in each style, without the markers that are tokens of their own; all facts. */
export function* taskCorpus(seed: number, problems: number): Generator<string> {
  for (let index = 0; index < problems; index++) {
    const rng = createRng(seed, index);
    const family = drawFamily(rng);
    const drawn = drawQuestion(family, "train", rng);
    yield wordQuery(drawn.query, rng);
    yield* ["User:", "\n\n", "\n", "Assistant:"];
    for (const style of ["grounded", "shortcut"] as const) {
      yield* writeAnswer({ family, ...drawn }, rng, style).split(/<think>|<\/think>|\\boxed\{/);
    }
  }
  for (const fact of factTopics.flat()) {
    for (let repeat = 0; repeat < factCount; repeat++) yield* [fact.question, ` ${fact.thought}`];
  }
}

/** Common English words and punctuation. */
export function* commonCorpus(): Generator<string> {
  for (let repeat = 0; repeat < commonCount; repeat++) {
    for (const word of commonWords.split(" ")) yield ` ${word}`;
    yield ". , ; : ? ! ( ) \" '";
  }
}
