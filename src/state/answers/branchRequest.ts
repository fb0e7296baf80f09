// What a branch asks for and what it begins with: the question, picture, mask and sampling of the answer it leaves, and that answer's own
// rows up to the branch. Before the branch nothing changes, so neither do the numbers; at the branch the two distributions are the same and
// only another token is taken from them, so its row differs in the two log-probs alone, which the lists of likely tokens hold. Pure.

import type { TokenBuffer } from "@/client/tokenBuffer";
import { UserError } from "@/lib/errors";
import { type AskRequest, type TokenChunk, tokenStatColumns } from "@/protocol/generation";
import { maskSeed } from "@/protocol/maskSpec";
import type { BranchPoint } from "./answerTree";

/** An answer cannot be gone on from. */
export class BranchError extends UserError {
  override readonly name = "BranchError";
  constructor(why: string, todo: string) {
    super("The branch was not started", why, todo);
  }
}

/** The request of one rollout of an answer alone, under the mask that it had. */
export function requestOfRollout(request: AskRequest, rollout: number): AskRequest {
  const { mask } = request;
  const seed = mask.sharing === "shared" ? mask.seed : maskSeed(mask, rollout);
  return { ...request, rollouts: 1, mask: { ...mask, sharing: "shared", seed } };
}

/** The same, going on from a beginning: the whole answer may become as long as the one that is left, and has at least one new token. */
export function continued(request: AskRequest, prefix: Int32Array): AskRequest {
  const { sampling } = request;
  const maxNewTokens = Math.max(1, sampling.maxNewTokens - prefix.length);
  return { ...request, prefix, sampling: { ...sampling, maxNewTokens } };
}

/** The rows that a branch begins with, the token it goes on with included; throws BranchError when nobody measured that token. */
export function beginningOf(parent: TokenBuffer, { rollout, token, id }: BranchPoint): TokenChunk {
  const chunk = parent.chunk(rollout, token + 1);
  if (chunk.ids[token] === id) return chunk;
  const [image, masked] = [parent.top(rollout, token, 0), parent.top(rollout, token, 1)];
  const [i, j] = [image.ids.indexOf(id), masked.ids.indexOf(id)];
  if (i < 0 && j < 0) {
    throw new BranchError("the token is not among those that were measured at this place", "Choose one of the listed tokens");
  }
  const logp = i >= 0 ? image.logp[i] : masked.other[j];
  const logpMasked = i >= 0 ? image.other[i] : masked.logp[j];
  const row = token * tokenStatColumns.length;
  chunk.ids[token] = id;
  chunk.stats[row + tokenStatColumns.indexOf("logp")] = logp as number;
  chunk.stats[row + tokenStatColumns.indexOf("logpMasked")] = logpMasked as number;
  return chunk;
}
