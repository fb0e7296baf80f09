// Statistics of response tokens as rl/ takes them, from rows of numbers with the columns that both ends of the engine share.

import { type TokenStat, tokenStatColumns } from "@/protocol/generation";
import type { TokenStats } from "@/rl/dependency";

/** Numbers per token. */
export const statCount = tokenStatColumns.length;

/** `count` rows of at least statCount numbers, `width` apart, from row `first` on. */
export function tokenStatsOfRows(values: ArrayLike<number>, count: number, width: number = statCount, first = 0): TokenStats {
  const column = (name: TokenStat) => {
    const at = tokenStatColumns.indexOf(name);
    return Float32Array.from({ length: count }, (_, row) => values[(first + row) * width + at] as number);
  };
  return {
    logp: column("logp"),
    logpMasked: column("logpMasked"),
    kl: column("kl"),
    jsd: column("jsd"),
    entropy: column("entropy"),
    entropyMasked: column("entropyMasked"),
    top1Drop: column("top1Drop"),
  };
}
