// Which prompts share an optimizer step, and which of those go through the model together. The first is mathematics (official
// ray_trainer.py and dp_actor.py: mini-batches of `global_batch_size` prompts, in order, once per epoch); the second is memory
// alone and must not change the step. The third set, over which the mean scaling is 1 (`policy.microBatchSize`), is rl/'s.
// Pure.

/**
 * Prompts 0 … count − 1 in the mini-batches of one epoch, in order, as the official code splits them: `promptsPerUpdate` each,
 * 0 takes all at once. What remains at the end is a smaller mini-batch (the official code asks for numbers that divide).
 */
export function miniBatches(count: number, promptsPerUpdate: number): readonly (readonly number[])[] {
  const size = promptsPerUpdate > 0 ? promptsPerUpdate : Math.max(1, count);
  return Array.from({ length: Math.ceil(count / size) }, (_, batch) =>
    Array.from({ length: Math.min(size, count - batch * size) }, (_, i) => batch * size + i),
  );
}

/** Indices of neighbours whose bytes together stay within `limitBytes`; one alone may exceed it. */
export function partsWithin(bytes: readonly number[], limitBytes: number): readonly (readonly number[])[] {
  const parts: number[][] = [];
  let used = 0;
  bytes.forEach((own, i) => {
    const last = parts.at(-1);
    if (last && used + own <= limitBytes) {
      last.push(i);
      used += own;
    } else {
      parts.push([i]);
      used = own;
    }
  });
  return parts;
}
