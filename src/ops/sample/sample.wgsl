// Draws one token per logits row: temperature, top-k, top-p, then the inverse of the cumulative distribution in index order.
// Bindings: 0 logits [batch, columns], 1 state int32 [batch, 4] (seed, stream, counter, running), 2 ids int32 [batch], 3 params.
// Thresholds are found on the sortable bit patterns of the logits, two bits per pass (count for top-k, mass for top-p), so
// nothing is sorted and no set is stored; tokens equal to the threshold are kept. One workgroup per row, fixed order.

struct Params { batch: u32, columns: u32, topK: u32, gridX: u32, topP: f32, temperature: f32 }

@group(0) @binding(0) var<storage, read> logits: array<f32>;
@group(0) @binding(1) var<storage, read> state: array<i32>;
@group(0) @binding(2) var<storage, read_write> ids: array<i32>;
@group(0) @binding(3) var<uniform> params: Params;

const threads = 256u;
const groups = 16u;
const lowest = -3.4028234e38;

var<workgroup> many: array<vec3<f32>, 256>;
var<workgroup> few: array<vec3<f32>, 16>;
var<workgroup> manyIndex: array<u32, 256>;
var<workgroup> fewIndex: array<u32, 16>;

// pcg3d and uniformAt of lib/rng.ts, bit for bit.
fn uniformAt(seed: u32, stream: u32, counter: u32) -> f32 {
  var v = vec3<u32>(seed, stream, counter) * 1664525u + 1013904223u;
  v.x += v.y * v.z;
  v.y += v.z * v.x;
  v.z += v.x * v.y;
  v ^= v >> vec3<u32>(16u);
  v.x += v.y * v.z;
  v.y += v.z * v.x;
  v.z += v.x * v.y;
  return f32(v.x >> 8u) / 16777216.0;
}

// Larger logit, larger key.
fn sortKey(x: f32) -> u32 {
  let bits = bitcast<u32>(x);
  return select(bits | 0x80000000u, ~bits, (bits & 0x80000000u) != 0u);
}

// Sum over the workgroup in index order; every thread gets it. Ends so that `many` may be written at once.
fn sumAll(value: vec3<f32>, t: u32) -> vec3<f32> {
  many[t] = value;
  workgroupBarrier();
  if (t < groups) {
    var total = many[t * groups];
    for (var k = 1u; k < groups; k++) { total += many[t * groups + k]; }
    few[t] = total;
  }
  workgroupBarrier();
  var total = few[0];
  for (var k = 1u; k < groups; k++) { total += few[k]; }
  return total;
}

fn weight(logit: f32, rowMax: f32) -> f32 {
  return exp((logit - rowMax) / params.temperature);
}

// Count (or mass) of the tokens with a key of at least `key` that `floorKey` lets through.
fn share(logit: f32, key: u32, floorKey: u32, w: f32) -> f32 {
  let own = sortKey(logit);
  return select(0.0, w, own >= key && own >= floorKey);
}

// Largest key such that the tokens from it upwards have at least `wanted` of the count (byMass = false) or mass.
fn searchKey(start: u32, t: u32, rowMax: f32, floorKey: u32, wanted: f32, byMass: bool) -> u32 {
  var found = 0u;
  for (var shift = 32u; shift > 0u; ) {
    shift -= 2u;
    let step = 1u << shift;
    var sum = vec3<f32>(0.0);
    for (var i = t; i < params.columns; i += threads) {
      let logit = logits[start + i];
      let w = select(1.0, weight(logit, rowMax), byMass);
      sum.x += share(logit, found + step, floorKey, w);
      sum.y += share(logit, found + 2u * step, floorKey, w);
      sum.z += share(logit, found + 3u * step, floorKey, w);
    }
    let total = sumAll(sum, t);
    if (total.z >= wanted) { found += 3u * step; }
    else if (total.y >= wanted) { found += 2u * step; }
    else if (total.x >= wanted) { found += step; }
  }
  return found;
}

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) wid: vec3<u32>, @builtin(local_invocation_index) t: u32) {
  let row = wid.x + wid.y * params.gridX;
  if (row >= params.batch) { return; }
  let start = row * params.columns;

  var top = lowest;
  var topIndex = params.columns;
  for (var i = t; i < params.columns; i += threads) {
    let logit = logits[start + i];
    if (logit > top) { top = logit; topIndex = i; }
  }
  many[t].x = top;
  manyIndex[t] = topIndex;
  workgroupBarrier();
  if (t < groups) {
    for (var k = 0u; k < groups; k++) {
      let value = many[t * groups + k].x;
      let index = manyIndex[t * groups + k];
      if (k == 0u || value > top || (value == top && index < topIndex)) { top = value; topIndex = index; }
    }
    few[t].x = top;
    fewIndex[t] = topIndex;
  }
  workgroupBarrier();
  for (var k = 0u; k < groups; k++) {
    let value = few[k].x;
    let index = fewIndex[k];
    if (k == 0u || value > top || (value == top && index < topIndex)) { top = value; topIndex = index; }
  }

  if (params.temperature <= 0.0) {
    if (t == 0u) { ids[row] = select(-1, i32(topIndex), state[row * 4u + 3u] != 0); }
    return;
  }

  var floorKey = 0u;
  if (params.topK > 0u && params.topK < params.columns) {
    floorKey = searchKey(start, t, top, 0u, f32(params.topK), false);
  }
  if (params.topP < 1.0) {
    var mass = 0.0;
    for (var i = t; i < params.columns; i += threads) {
      let logit = logits[start + i];
      mass += share(logit, 0u, floorKey, weight(logit, top));
    }
    let total = sumAll(vec3<f32>(mass, 0.0, 0.0), t).x;
    floorKey = max(floorKey, searchKey(start, t, top, floorKey, params.topP * total, true));
  }

  // Each thread adds a run of neighbouring columns; the first thread walks groups of runs, runs, columns.
  let run = (params.columns + threads - 1u) / threads;
  var mass = 0.0;
  for (var i = t * run; i < min((t + 1u) * run, params.columns); i++) {
    let logit = logits[start + i];
    mass += share(logit, 0u, floorKey, weight(logit, top));
  }
  let total = sumAll(vec3<f32>(mass, 0.0, 0.0), t).x;
  if (t == 0u) {
    let random = uniformAt(u32(state[row * 4u]), u32(state[row * 4u + 1u]), u32(state[row * 4u + 2u]));
    let wanted = random * total;
    // Rounding may leave the sum just below `wanted`: the last candidate with a weight is then the one.
    var sum = 0.0;
    var before = 0.0;
    var group = 0u;
    for (var k = 0u; k < groups; k++) {
      let m = few[k].x;
      if (m > 0.0) { group = k; before = sum; if (sum + m > wanted) { break; } }
      sum += m;
    }
    sum = before;
    var part = group * groups;
    for (var k = group * groups; k < (group + 1u) * groups; k++) {
      let m = many[k].x;
      if (m > 0.0) { part = k; before = sum; if (sum + m > wanted) { break; } }
      sum += m;
    }
    sum = before;
    var chosen = topIndex;
    for (var i = part * run; i < min((part + 1u) * run, params.columns); i++) {
      let logit = logits[start + i];
      let m = share(logit, 0u, floorKey, weight(logit, top));
      if (m > 0.0) { chosen = i; sum += m; if (sum > wanted) { break; } }
    }
    ids[row] = select(-1, i32(chosen), state[row * 4u + 3u] != 0);
  }
}
