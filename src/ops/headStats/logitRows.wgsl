// Log-sum-exp, entropy and target logit of logits rows, by blocks of 768 columns of the vocabulary. A tile has the columns
// first .. first + columns − 1 of all rows, `width` apart; `first` is the start of a block. Two entry points:
//   blocks  per row and block of the tile: max, Σ e, Σ e·(logit − max) with e = exp(logit − max), and the target's logit (0 elsewhere)
//   merge   per row: adds the blocks, in order, to the running numbers of those before; at the last one: max, log Σ e, log-prob
//           of the target, entropy
// Bindings of blocks: 0 logits of rows 0 .. batch − 1, 1 logits of the others, 2 targets int32 [targets], 3 parts [rows, slots, 4].
// Bindings of merge: 0 parts, 1 targets, 2 state [rows, 4], 3 out [rows, 4]. Both: 4 params.
// In a block thread t adds columns t, t + 64, ... in order; 64 sums become 8, then 1, always in index order: a row's numbers
// depend on that row alone, never on tiles. Only these kernels make a log-sum-exp: all log-probs agree bit for bit.

struct Params {
  rows: u32,
  batch: u32,
  columns: u32,
  width: u32,
  /// Row of binding 1 that row `batch` is.
  maskedRow: u32,
  targets: u32,
  first: u32,
  /// Where the tile's blocks go among the `slots` of a row; merge takes those before it.
  slot: u32,
  slots: u32,
  begins: u32,
  ends: u32,
  gridX: u32,
}

@group(0) @binding(0) var<storage, read> image: array<f32>;
@group(0) @binding(1) var<storage, read> masked: array<f32>;
@group(0) @binding(2) var<storage, read> targets: array<i32>;
@group(0) @binding(3) var<storage, read_write> parts: array<vec4<f32>>;
@group(0) @binding(0) var<storage, read> finished: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> mergedTargets: array<i32>;
@group(0) @binding(2) var<storage, read_write> state: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> out: array<vec4<f32>>;
@group(0) @binding(4) var<uniform> params: Params;

const block = 768u;
const threads = 64u;
const groups = 8u;
const lowest = -3.4028234e38;

// x: max, then Σ e; y: Σ e·(logit − max).
var<workgroup> many: array<vec2<f32>, 64>;
var<workgroup> few: array<vec2<f32>, 8>;

fn logit(second: bool, index: u32) -> f32 {
  if (second) { return masked[index]; }
  return image[index];
}

@compute @workgroup_size(64)
fn blocks(@builtin(workgroup_id) wid: vec3<u32>, @builtin(local_invocation_index) t: u32) {
  let blocksOfRow = (params.columns + block - 1u) / block;
  let index = wid.x + wid.y * params.gridX;
  let row = index / blocksOfRow;
  if (row >= params.rows) { return; }
  let part = index - row * blocksOfRow;
  let second = row >= params.batch;
  let start = select(row, row - params.batch + params.maskedRow, second) * params.width;
  let blockStart = start + part * block;
  let end = start + min(part * block + block, params.columns);

  var localMax = lowest;
  for (var i = blockStart + t; i < end; i += threads) { localMax = max(localMax, logit(second, i)); }
  many[t].x = localMax;
  workgroupBarrier();
  if (t < groups) {
    var best = many[t * groups].x;
    for (var k = 1u; k < groups; k++) { best = max(best, many[t * groups + k].x); }
    few[t].x = best;
  }
  workgroupBarrier();
  var blockMax = few[0].x;
  for (var k = 1u; k < groups; k++) { blockMax = max(blockMax, few[k].x); }

  var sum = vec2<f32>(0.0);
  for (var i = blockStart + t; i < end; i += threads) {
    let shifted = logit(second, i) - blockMax;
    let e = exp(shifted);
    sum = vec2<f32>(sum.x + e, fma(e, shifted, sum.y));
  }
  many[t] = sum;
  workgroupBarrier();
  if (t < groups) {
    var total = many[t * groups];
    for (var k = 1u; k < groups; k++) { total += many[t * groups + k]; }
    few[t] = total;
  }
  workgroupBarrier();
  if (t == 0u) {
    var total = few[0];
    for (var k = 1u; k < groups; k++) { total += few[k]; }
    // Where the target is in the tile; a huge number when it is before it, or when there is none.
    let offset = u32(targets[row % params.targets]) - params.first;
    var wanted = 0.0;
    if (offset < params.columns && offset / block == part) { wanted = logit(second, start + offset); }
    parts[row * params.slots + params.slot + part] = vec4<f32>(blockMax, total, wanted);
  }
}

@compute @workgroup_size(64)
fn merge(@builtin(workgroup_id) wid: vec3<u32>, @builtin(local_invocation_index) t: u32) {
  let row = (wid.x + wid.y * params.gridX) * threads + t;
  if (row >= params.rows) { return; }
  let first = row * params.slots;
  var next = 0u;
  var sum = state[row];
  if (params.begins != 0u) {
    sum = finished[first];
    next = 1u;
  }
  for (; next < params.slot; next++) {
    let part = finished[first + next];
    let top = max(sum.x, part.x);
    let fall = vec2<f32>(sum.x - top, part.x - top);
    let share = exp(fall);
    let weighted = vec2<f32>(fma(sum.y, fall.x, sum.z), fma(part.y, fall.y, part.z));
    sum = vec4<f32>(
      top,
      fma(sum.y, share.x, part.y * share.y),
      fma(weighted.x, share.x, weighted.y * share.y),
      sum.w + part.w,
    );
  }
  state[row] = sum;
  if (params.ends != 0u) {
    let logSum = log(sum.y);
    let logp = select(0.0, (sum.w - sum.x) - logSum, mergedTargets[row % params.targets] >= 0);
    out[row] = vec4<f32>(sum.x, logSum, logp, max(0.0, logSum - sum.z / sum.y));
  }
}
