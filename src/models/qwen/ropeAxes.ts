// Which position axis (0 time, 1 height, 2 width) turns each rotary frequency of a Qwen decoder: mrope_section of config.json
// as the two families read it. The rotation itself is ops/rope.

/** Qwen2.5-VL (`apply_multimodal_rotary_pos_emb`): blocks of frequencies, time first; the sections sum to `frequencies`. */
export function sectionedAxes(section: readonly number[], frequencies: number): number[] {
  const [time = 0, height = 0] = section;
  return Array.from({ length: frequencies }, (_, j) => (j < time ? 0 : j < time + height ? 1 : 2));
}

/** Qwen3-VL (`apply_interleaved_mrope`): T H W T H W ... as far as the sections reach, time for the rest. */
export function interleavedAxes(section: readonly number[], frequencies: number): number[] {
  const [, height = 0, width = 0] = section;
  return Array.from({ length: frequencies }, (_, j) => {
    if (j % 3 === 1 && j < 3 * height) return 1;
    return j % 3 === 2 && j < 3 * width ? 2 : 0;
  });
}
