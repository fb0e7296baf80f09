// Part of attention.wgsl and attentionSplit.wgsl: where a row's keys lie, and the score of one against the workgroup's `query`.
// They declare `query`, `k`, `params` and WIDTH4.

/// The physical row of logical key j.
fn physical(row: vec4i, j: u32) -> u32 {
  return u32(select(row.z + i32(j) - row.y, row.x + i32(j), i32(j) < row.y));
}

/// (query·scale)·key, in order of the columns.
fn scoreOf(keyRow: u32, keyHead: u32) -> f32 {
  let base = (keyRow * params.keyHeads + keyHead) * WIDTH4;
  var sum = 0.0;
  for (var d = 0u; d < WIDTH4; d++) {
    let a = query[d];
    let b = k[base + d];
    sum = fma(a.w, b.w, fma(a.z, b.z, fma(a.y, b.y, fma(a.x, b.x, sum))));
  }
  return sum;
}
