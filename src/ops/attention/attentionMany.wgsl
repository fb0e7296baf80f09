// Attention of one query row and head per thread, for many rows: no workgroup memory and no barrier; consecutive threads are
// consecutive rows of one head, so that they mostly read the same keys. Bindings, order of sums and bits are those of
// attention.wgsl, where the order is described. Heads up to 64 wide.
// Two passes over the keys, four at a time: the maximum, then weights and sums by blocks of 32.

override WIDTH4: u32 = 8u;
const maxWidth4 = 16;
const block = 32u;

struct Params { rowCount: u32, heads: u32, keyHeads: u32, scale: f32, qFirst: u32, qStride: u32 }

@group(0) @binding(0) var<storage, read> q: array<vec4f>;
@group(0) @binding(1) var<storage, read> k: array<vec4f>;
@group(0) @binding(2) var<storage, read> v: array<vec4f>;
@group(0) @binding(3) var<storage, read> rows: array<vec4i>;
@group(0) @binding(4) var<storage, read_write> out: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> lse: array<f32>;
@group(0) @binding(6) var<uniform> params: Params;

var<private> query: array<vec4f, maxWidth4>;
var<private> partials: array<vec4f, maxWidth4>;
var<private> totals: array<vec4f, maxWidth4>;

/** Index in k and v of logical key j, or of the last key when there is none. */
fn keyStart(row: vec4i, keyHead: u32, j: u32) -> u32 {
  let logical = min(i32(j), row.w - 1);
  let physical = select(row.z + logical - row.y, row.x + logical, logical < row.y);
  return (u32(physical) * params.keyHeads + keyHead) * WIDTH4;
}

fn scoresOf(at: vec4u) -> vec4f {
  var sums = vec4f(0.0);
  for (var d = 0u; d < WIDTH4; d++) {
    let a = query[d];
    let b = transpose(mat4x4f(k[at.x + d], k[at.y + d], k[at.z + d], k[at.w + d]));
    sums = fma(vec4f(a.w), b[3], fma(vec4f(a.z), b[2], fma(vec4f(a.y), b[1], fma(vec4f(a.x), b[0], sums))));
  }
  return sums;
}

fn addValue(weight: f32, at: u32) {
  for (var c = 0u; c < WIDTH4; c++) { partials[c] = fma(vec4f(weight), v[at + c], partials[c]); }
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let thread = (wid.x + wid.y * grid.x) * 64u + lane;
  if (thread >= params.rowCount * params.heads) { return; }
  let head = thread / params.rowCount;
  let row = thread % params.rowCount;
  let item = row * params.heads + head;
  let keyHead = head * params.keyHeads / params.heads;
  let info = rows[row];
  let count = u32(max(info.w, 0));
  if (count == 0u) {
    for (var c = 0u; c < WIDTH4; c++) { out[item * WIDTH4 + c] = vec4f(0.0); }
    lse[item] = 0.0;
    return;
  }
  for (var d = 0u; d < WIDTH4; d++) {
    query[d] = q[row * params.qStride + params.qFirst + head * WIDTH4 + d] * params.scale;
    totals[d] = vec4f(0.0);
  }
  var largest4 = vec4f(-3.4e38);
  for (var j = 0u; j < count; j += 4u) {
    let at = vec4u(
      keyStart(info, keyHead, j),
      keyStart(info, keyHead, j + 1u),
      keyStart(info, keyHead, j + 2u),
      keyStart(info, keyHead, j + 3u),
    );
    largest4 = max(largest4, scoresOf(at));
  }
  let largest = max(max(largest4.x, largest4.y), max(largest4.z, largest4.w));
  var sum = 0.0;
  for (var start = 0u; start < count; start += block) {
    let end = min(count, start + block);
    for (var c = 0u; c < WIDTH4; c++) { partials[c] = vec4f(0.0); }
    var blockSum = 0.0;
    for (var j = start; j < end; j += 4u) {
      let at = vec4u(
        keyStart(info, keyHead, j),
        keyStart(info, keyHead, j + 1u),
        keyStart(info, keyHead, j + 2u),
        keyStart(info, keyHead, j + 3u),
      );
      let weights = exp(scoresOf(at) - largest);
      blockSum += weights.x;
      addValue(weights.x, at.x);
      if (j + 1u < end) {
        blockSum += weights.y;
        addValue(weights.y, at.y);
      }
      if (j + 2u < end) {
        blockSum += weights.z;
        addValue(weights.z, at.z);
      }
      if (j + 3u < end) {
        blockSum += weights.w;
        addValue(weights.w, at.w);
      }
    }
    sum += blockSum;
    for (var c = 0u; c < WIDTH4; c++) { totals[c] += partials[c]; }
  }
  for (var c = 0u; c < WIDTH4; c++) { out[item * WIDTH4 + c] = totals[c] / sum; }
  lse[item] = largest + log(sum);
}
