// One number of an embedding table, for shaders that declare `data` and `scales` as embedding.wgsl does and have params.group.

/// 0 f32, 1 int8, 2 int4, 3 f16.
override FORMAT: u32 = 0u;

fn tableValue(at: u32) -> f32 {
  if (FORMAT == 0u) { return bitcast<f32>(data[at]); }
  if (FORMAT == 1u) {
    let q = extractBits(bitcast<i32>(data[at / 4u]), (at % 4u) * 8u, 8u);
    return f32(q) * scales[at / params.group];
  }
  if (FORMAT == 3u) { return unpack2x16float(data[at / 2u])[at % 2u]; }
  let q = i32(extractBits(data[at / 8u], (at % 8u) * 4u, 4u)) - 8;
  return f32(q) * scales[at / params.group];
}
