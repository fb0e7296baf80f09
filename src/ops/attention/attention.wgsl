// Attention of one query row and head per workgroup.
// q [M, H, WIDTH] (or part of wider rows), k and v [S, Hkv, WIDTH], rows [M] = (prefixStart, prefixLength, segmentStart, keyCount),
// out [M, H, WIDTH], lse [M, H] = log Σ exp(score).
// Canonical order, whatever runs it: score = fma over WIDTH in order of (q·scale)·k; exact maximum; p = exp(score − max);
// blocks of 32 keys by logical index: Σp and Σp·v in order inside a block, block sums added in order. So a row's bits do not
// depend on other rows, on where its keys lie, or on LANES and the tile length.
// Two passes: scores for the maximum (kept if they fit one tile), then weights and sums tile by tile.

override WIDTH: u32 = 64u;
override LANES: u32 = 64u;
override WIDTH4: u32 = WIDTH / 4u;
override PARTIALS: u32 = WIDTH * 8u;
const tile = 256u;
const block = 32u;

/// The first query of a row and where the next row begins, in vec4.
struct Params { rowCount: u32, heads: u32, keyHeads: u32, scale: f32, qFirst: u32, qStride: u32 }

@group(0) @binding(0) var<storage, read> q: array<vec4f>;
@group(0) @binding(1) var<storage, read> k: array<vec4f>;
@group(0) @binding(2) var<storage, read> v: array<f32>;
@group(0) @binding(3) var<storage, read> rows: array<vec4i>;
@group(0) @binding(4) var<storage, read_write> out: array<f32>;
@group(0) @binding(5) var<storage, read_write> lse: array<f32>;
@group(0) @binding(6) var<uniform> params: Params;

var<workgroup> query: array<vec4f, WIDTH4>;
var<workgroup> weights: array<f32, tile>;
var<workgroup> partials: array<f32, PARTIALS>;
var<workgroup> blockSums: array<f32, 8>;
var<workgroup> lanes: array<f32, LANES>;

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let item = wid.x + wid.y * grid.x;
  if (item >= params.rowCount * params.heads) { return; }
  let head = item % params.heads;
  let keyHead = head * params.keyHeads / params.heads;
  let info = rows[item / params.heads];
  let queries = item / params.heads * params.qStride + params.qFirst + head * WIDTH4;
  let count = u32(max(info.w, 0));
  if (count == 0u) {
    for (var c = lane; c < WIDTH; c += LANES) { out[item * WIDTH + c] = 0.0; }
    if (lane == 0u) { lse[item] = 0.0; }
    return;
  }
  for (var d = lane; d < WIDTH4; d += LANES) { query[d] = q[queries + d] * params.scale; }
  workgroupBarrier();

  var largest = -3.4e38;
  for (var j = lane; j < count; j += LANES) {
    let score = scoreOf(physical(info, j), keyHead);
    if (j < tile) { weights[j] = score; }
    largest = max(largest, score);
  }
  lanes[lane] = largest;
  workgroupBarrier();
  for (var i = 0u; i < LANES; i++) { largest = max(largest, lanes[i]); }

  // Lane = part * WIDTH + column (or columns, when WIDTH > LANES): parts share out the blocks of a tile.
  let spanned = min(WIDTH, LANES);
  let parts = LANES / spanned;
  let part = lane / spanned;
  var totals = array<f32, 4>();
  var sum = 0.0;
  for (var start = 0u; start < count; start += tile) {
    let size = min(tile, count - start);
    for (var i = lane; i < size; i += LANES) {
      if (start > 0u) { weights[i] = scoreOf(physical(info, start + i), keyHead); }
      weights[i] = exp(weights[i] - largest);
    }
    workgroupBarrier();
    let blocks = (size + block - 1u) / block;
    if (part < parts) {
      for (var b = part; b < blocks; b += parts) {
        let end = min(size, (b + 1u) * block);
        for (var c = lane % spanned; c < WIDTH; c += spanned) {
          var accumulator = 0.0;
          for (var i = b * block; i < end; i++) {
            let at = (physical(info, start + i) * params.keyHeads + keyHead) * WIDTH + c;
            accumulator = fma(weights[i], v[at], accumulator);
          }
          partials[b * WIDTH + c] = accumulator;
        }
      }
    }
    if (lane < blocks) {
      var blockSum = 0.0;
      for (var i = lane * block; i < min(size, (lane + 1u) * block); i++) { blockSum += weights[i]; }
      blockSums[lane] = blockSum;
    }
    workgroupBarrier();
    for (var b = 0u; b < blocks; b++) {
      sum += blockSums[b];
      var slot = 0u;
      for (var c = lane; c < WIDTH; c += LANES) {
        totals[slot] += partials[b * WIDTH + c];
        slot++;
      }
    }
    workgroupBarrier();
  }
  var slot = 0u;
  for (var c = lane; c < WIDTH; c += LANES) {
    out[item * WIDTH + c] = totals[slot] / sum;
    slot++;
  }
  if (lane == 0u) { lse[item] = largest + log(sum); }
}
