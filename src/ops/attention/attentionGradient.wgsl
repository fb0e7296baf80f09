// Gradient of attention in three passes; entry points share binding numbers, not buffers.
// prepare: one thread per (row, head): info [M, 4 + 2H] = the row's meta, then per head lse and delta = Σ dy·out (f32 bits).
// queryGradient: one workgroup per (query row, head): dq = scale · Σ_j ds_j k_j.
// keyGradient: one workgroup per (key row, key head) over the query rows of its range and their heads, in order:
// dk = scale · Σ ds_i q_i, dv = Σ p_i dy_i. Here p = exp(score − lse), ds = p·(dy·v − delta). Sums run in tiles of 256 items,
// blocks of 32 in order, blocks in order: deterministic, no atomics.

override WIDTH: u32 = 64u;
override LANES: u32 = 64u;
override WIDTH4: u32 = WIDTH / 4u;
override PARTIALS: u32 = WIDTH * 8u;
const tile = 256u;
const block = 32u;

struct Params { rowCount: u32, heads: u32, keyHeads: u32, keyRows: u32, scale: f32 }

// prepare: dy, output, lse, rows -> info
@group(0) @binding(0) var<storage, read> prepareDy: array<f32>;
@group(0) @binding(1) var<storage, read> output: array<f32>;
@group(0) @binding(2) var<storage, read> lse: array<f32>;
@group(0) @binding(3) var<storage, read> rows: array<vec4i>;
@group(0) @binding(4) var<storage, read_write> newInfo: array<i32>;
@group(0) @binding(5) var<uniform> prepareParams: Params;
// queryGradient: q, k, v, dy, info -> dq
@group(0) @binding(0) var<storage, read> q: array<vec4f>;
@group(0) @binding(1) var<storage, read> k: array<vec4f>;
@group(0) @binding(2) var<storage, read> v: array<vec4f>;
@group(0) @binding(3) var<storage, read> dy: array<vec4f>;
@group(0) @binding(4) var<storage, read> info: array<i32>;
@group(0) @binding(5) var<storage, read_write> dq: array<f32>;
@group(0) @binding(6) var<uniform> queryParams: Params;
// keyGradient: q, k, v, dy, info, keys -> dk, dv
@group(0) @binding(5) var<storage, read> keys: array<vec2i>;
@group(0) @binding(6) var<storage, read_write> dk: array<f32>;
@group(0) @binding(7) var<storage, read_write> dv: array<f32>;
@group(0) @binding(8) var<uniform> keyParams: Params;

// The row the workgroup owns: (q, dy) of the query, or (k, v) of the key.
var<workgroup> ownA: array<vec4f, WIDTH4>;
var<workgroup> ownB: array<vec4f, WIDTH4>;
var<workgroup> weights: array<f32, tile>;
var<workgroup> dscores: array<f32, tile>;
var<workgroup> partialA: array<f32, PARTIALS>;
var<workgroup> partialB: array<f32, PARTIALS>;

@compute @workgroup_size(64)
fn prepare(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let item = (wid.x + wid.y * grid.x) * 64u + lane;
  let heads = prepareParams.heads;
  if (item >= prepareParams.rowCount * heads) { return; }
  let row = item / heads;
  let head = item % heads;
  let base = row * (4u + 2u * heads);
  var delta = 0.0;
  for (var c = 0u; c < WIDTH; c++) { delta = fma(prepareDy[item * WIDTH + c], output[item * WIDTH + c], delta); }
  if (head == 0u) {
    for (var i = 0u; i < 4u; i++) { newInfo[base + i] = rows[row][i]; }
  }
  newInfo[base + 4u + 2u * head] = bitcast<i32>(lse[item]);
  newInfo[base + 5u + 2u * head] = bitcast<i32>(delta);
}

@compute @workgroup_size(LANES)
fn queryGradient(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let item = wid.x + wid.y * grid.x;
  let heads = queryParams.heads;
  if (item >= queryParams.rowCount * heads) { return; }
  let head = item % heads;
  let keyHead = head * queryParams.keyHeads / heads;
  let base = (item / heads) * (4u + 2u * heads);
  let prefixStart = info[base];
  let prefixLength = info[base + 1u];
  let segmentStart = info[base + 2u];
  let count = u32(max(info[base + 3u], 0));
  let logSum = bitcast<f32>(info[base + 4u + 2u * head]);
  let delta = bitcast<f32>(info[base + 5u + 2u * head]);
  for (var d = lane; d < WIDTH4; d += LANES) {
    ownA[d] = q[item * WIDTH4 + d] * queryParams.scale;
    ownB[d] = dy[item * WIDTH4 + d];
  }
  workgroupBarrier();
  let spanned = min(WIDTH4, LANES);
  let parts = LANES / spanned;
  let part = lane / spanned;
  var totals = array<f32, 4>();
  for (var start = 0u; start < count; start += tile) {
    let size = min(tile, count - start);
    for (var i = lane; i < size; i += LANES) {
      let j = i32(start + i);
      let keyRow = u32(select(segmentStart + j - prefixLength, prefixStart + j, j < prefixLength));
      let at = (keyRow * queryParams.keyHeads + keyHead) * WIDTH4;
      var score = 0.0;
      var dweight = 0.0;
      for (var d = 0u; d < WIDTH4; d++) {
        let a = ownA[d];
        let b = k[at + d];
        score = fma(a.w, b.w, fma(a.z, b.z, fma(a.y, b.y, fma(a.x, b.x, score))));
        let e = ownB[d];
        let f = v[at + d];
        dweight = fma(e.w, f.w, fma(e.z, f.z, fma(e.y, f.y, fma(e.x, f.x, dweight))));
      }
      dscores[i] = exp(score - logSum) * (dweight - delta);
    }
    workgroupBarrier();
    let blocks = (size + block - 1u) / block;
    if (part < parts) {
      for (var b = part; b < blocks; b += parts) {
        let c = lane % spanned;
        var accumulator = vec4f(0.0);
        for (var i = b * block; i < min(size, (b + 1u) * block); i++) {
          let j = i32(start + i);
          let keyRow = u32(select(segmentStart + j - prefixLength, prefixStart + j, j < prefixLength));
          accumulator = fma(vec4f(dscores[i]), k[(keyRow * queryParams.keyHeads + keyHead) * WIDTH4 + c], accumulator);
        }
        for (var e = 0u; e < 4u; e++) { partialA[b * WIDTH + c * 4u + e] = accumulator[e]; }
      }
    }
    workgroupBarrier();
    for (var b = 0u; b < blocks; b++) {
      var slot = 0u;
      for (var c = lane; c < WIDTH; c += LANES) {
        totals[slot] += partialA[b * WIDTH + c];
        slot++;
      }
    }
    workgroupBarrier();
  }
  var slot = 0u;
  for (var c = lane; c < WIDTH; c += LANES) {
    dq[item * WIDTH + c] = totals[slot] * queryParams.scale;
    slot++;
  }
}

/** Whether a query row with this meta sees the key. */
fn sees(base: u32, keyRow: i32) -> bool {
  let prefixStart = info[base];
  let prefixLength = info[base + 1u];
  let segmentStart = info[base + 2u];
  let count = info[base + 3u];
  let inPrefix = keyRow >= prefixStart && keyRow - prefixStart < min(prefixLength, count);
  let inSegment = keyRow >= segmentStart && prefixLength + keyRow - segmentStart < count;
  return inPrefix || inSegment;
}

@compute @workgroup_size(LANES)
fn keyGradient(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let own = wid.x + wid.y * grid.x;
  let keyHeads = keyParams.keyHeads;
  if (own >= keyParams.keyRows * keyHeads) { return; }
  let keyRow = own / keyHeads;
  let keyHead = own % keyHeads;
  let heads = keyParams.heads;
  let perKeyHead = heads / keyHeads;
  let range = clamp(keys[keyRow], vec2i(0), vec2i(i32(keyParams.rowCount)));
  let firstRow = u32(range.x);
  let count = u32(max(range.y - range.x, 0)) * perKeyHead;
  for (var d = lane; d < WIDTH4; d += LANES) {
    ownA[d] = k[own * WIDTH4 + d];
    ownB[d] = v[own * WIDTH4 + d];
  }
  workgroupBarrier();
  let spanned = min(WIDTH4, LANES);
  let parts = LANES / spanned;
  let part = lane / spanned;
  var dkTotals = array<f32, 4>();
  var dvTotals = array<f32, 4>();
  for (var start = 0u; start < count; start += tile) {
    let size = min(tile, count - start);
    for (var i = lane; i < size; i += LANES) {
      let row = firstRow + (start + i) / perKeyHead;
      let head = keyHead * perKeyHead + (start + i) % perKeyHead;
      let base = row * (4u + 2u * heads);
      var weight = 0.0;
      var dscore = 0.0;
      if (sees(base, i32(keyRow))) {
        let at = (row * heads + head) * WIDTH4;
        var score = 0.0;
        var dweight = 0.0;
        for (var d = 0u; d < WIDTH4; d++) {
          let a = q[at + d] * keyParams.scale;
          let b = ownA[d];
          score = fma(a.w, b.w, fma(a.z, b.z, fma(a.y, b.y, fma(a.x, b.x, score))));
          let e = dy[at + d];
          let f = ownB[d];
          dweight = fma(e.w, f.w, fma(e.z, f.z, fma(e.y, f.y, fma(e.x, f.x, dweight))));
        }
        weight = exp(score - bitcast<f32>(info[base + 4u + 2u * head]));
        dscore = weight * (dweight - bitcast<f32>(info[base + 5u + 2u * head]));
      }
      weights[i] = weight;
      dscores[i] = dscore;
    }
    workgroupBarrier();
    let blocks = (size + block - 1u) / block;
    if (part < parts) {
      for (var b = part; b < blocks; b += parts) {
        let c = lane % spanned;
        var sumK = vec4f(0.0);
        var sumV = vec4f(0.0);
        for (var i = b * block; i < min(size, (b + 1u) * block); i++) {
          let row = firstRow + (start + i) / perKeyHead;
          let at = (row * heads + keyHead * perKeyHead + (start + i) % perKeyHead) * WIDTH4 + c;
          sumK = fma(vec4f(dscores[i]), q[at], sumK);
          sumV = fma(vec4f(weights[i]), dy[at], sumV);
        }
        for (var e = 0u; e < 4u; e++) {
          partialA[b * WIDTH + c * 4u + e] = sumK[e];
          partialB[b * WIDTH + c * 4u + e] = sumV[e];
        }
      }
    }
    workgroupBarrier();
    for (var b = 0u; b < blocks; b++) {
      var slot = 0u;
      for (var c = lane; c < WIDTH; c += LANES) {
        dkTotals[slot] += partialA[b * WIDTH + c];
        dvTotals[slot] += partialB[b * WIDTH + c];
        slot++;
      }
    }
    workgroupBarrier();
  }
  var slot = 0u;
  for (var c = lane; c < WIDTH; c += LANES) {
    dk[own * WIDTH + c] = dkTotals[slot] * keyParams.scale;
    dv[own * WIDTH + c] = dvTotals[slot];
    slot++;
  }
}
