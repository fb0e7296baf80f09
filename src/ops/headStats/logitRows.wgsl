// Statistics of one logits row per workgroup: max, log Σ exp(logit − max), log-prob of the row's target, entropy.
// Bindings: 0 logits [rows, columns], 1 targets int32 [targets], 2 out [rows, 4], 3 params.
// Thread t adds columns t, t + 256, ... in order; 256 partial sums become 16, then 1, always in index order, so a row's
// numbers depend on that row alone. This is the only kernel that makes a log-sum-exp: all log-probs agree bit for bit.

struct Params { rows: u32, columns: u32, targets: u32, gridX: u32 }

@group(0) @binding(0) var<storage, read> logits: array<f32>;
@group(0) @binding(1) var<storage, read> targets: array<i32>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;
@group(0) @binding(3) var<uniform> params: Params;

const threads = 256u;
const groups = 16u;
const lowest = -3.4028234e38;

// x: max, then Σ e; y: Σ e·(logit − max).
var<workgroup> many: array<vec2<f32>, 256>;
var<workgroup> few: array<vec2<f32>, 16>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) wid: vec3<u32>, @builtin(local_invocation_index) t: u32) {
  let row = wid.x + wid.y * params.gridX;
  if (row >= params.rows) { return; }
  let start = row * params.columns;

  var localMax = lowest;
  for (var i = t; i < params.columns; i += threads) { localMax = max(localMax, logits[start + i]); }
  many[t].x = localMax;
  workgroupBarrier();
  if (t < groups) {
    var best = many[t * groups].x;
    for (var k = 1u; k < groups; k++) { best = max(best, many[t * groups + k].x); }
    few[t].x = best;
  }
  workgroupBarrier();
  var rowMax = few[0].x;
  for (var k = 1u; k < groups; k++) { rowMax = max(rowMax, few[k].x); }

  var sum = vec2<f32>(0.0);
  for (var i = t; i < params.columns; i += threads) {
    let shifted = logits[start + i] - rowMax;
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
    let logSum = log(total.x);
    let target_ = targets[row % params.targets];
    var logp = 0.0;
    if (target_ >= 0) { logp = (logits[start + u32(target_)] - rowMax) - logSum; }
    out[row * 4u] = rowMax;
    out[row * 4u + 1u] = logSum;
    out[row * 4u + 2u] = logp;
    out[row * 4u + 3u] = max(0.0, logSum - total.y / total.x);
  }
}
