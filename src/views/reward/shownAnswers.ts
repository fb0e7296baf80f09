// The rollouts that are on the page, as a reward function sees them.
import { answerHeader, answerTokens } from "@/client/live";
import type { RewardInput } from "@/protocol/sandbox";

/** Tokens that end or divide a chat; training leaves them out of the text it grades. */
const chatTokens = /<\|[a-z_]+\|>|<end_of_utterance>/g;

/** One input per shown rollout; empty while there is none. */
export function shownAnswers(): readonly RewardInput[] {
  const header = answerHeader();
  return Array.from({ length: answerTokens.rolloutCount }, (_, i) => ({
    text: answerTokens.rolloutText(i).replace(chatTokens, ""),
    answer: header?.answer ?? "",
    question: header?.question ?? "",
    family: "",
  }));
}
