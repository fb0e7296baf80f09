// Compares the distributions of rows b (image) and batch + b (masked) by blocks of 768 columns, as logitRows.wgsl cuts them.
//   blocks  per pair and block of the tile: the KL of the two distributions within the block, the share of the Jensen-Shannon
//           divergence, and the masked logit of the block's most likely token under the image
//   merge   per pair: joins the blocks, in order, with those before; at the end the values
// The chain rule KL(p‖q) = KL of the blocks' masses + Σ mass · KL within the block needs no log-sum-exp of the whole row, so one
// pass over the vocabulary does. The Jensen-Shannon divergence has no such rule: it needs `statistics` to be final.
// Bindings of blocks: 0 and 1 logits as in logitRows.wgsl, 2 its parts [2·batch, slots, 4], 3 statistics [2·batch, 4],
// 4 pair parts [batch, slots, 4]. Bindings of merge: 0 parts, 1 pair parts, 2 statistics, 3 state [batch, 8], 4 values [batch, 8].
// Both: 5 params.
// Each summand of both divergences is written so that it is never negative and exactly 0 for equal log-probs: equal rows
// give exactly 0, and small divergences keep their digits.

struct Params {
  batch: u32,
  columns: u32,
  width: u32,
  maskedRow: u32,
  /// As in logitRows.wgsl.
  slot: u32,
  slots: u32,
  /// 1 KL and top token, 2 Jensen-Shannon, 3 both.
  wanted: u32,
  begins: u32,
  ends: u32,
  gridX: u32,
}

@group(0) @binding(0) var<storage, read> image: array<f32>;
@group(0) @binding(1) var<storage, read> masked: array<f32>;
@group(0) @binding(2) var<storage, read> rowParts: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> statistics: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read_write> parts: array<vec4<f32>>;
@group(0) @binding(0) var<storage, read> finishedRows: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> finished: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> finalStatistics: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> state: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read_write> values: array<vec4<f32>>;
@group(0) @binding(5) var<uniform> params: Params;

const block = 768u;
const threads = 64u;
const groups = 8u;
const ln2 = 0.6931471805599453;

var<workgroup> many: array<vec2<f32>, 64>;
var<workgroup> few: array<vec2<f32>, 8>;
var<workgroup> firstTop: array<u32, 64>;
var<workgroup> fewTop: array<u32, 8>;

// d − 1 + e^−d; the series where the closed form cancels.
fn excess(d: f32) -> f32 {
  if (abs(d) < 0.25) {
    let series = fma(d, fma(d, fma(d, fma(d, fma(d, -1.0 / 5040.0, 1.0 / 720.0), -1.0 / 120.0), 1.0 / 24.0), -1.0 / 6.0), 0.5);
    return d * d * series;
  }
  return (d - 1.0) + exp(-d);
}

// p·d − p + q sums to the KL, as p and q each sum to 1. Far below, q itself, since e^−d would overflow.
fn kullbackLeibler(logp: f32, logq: f32) -> f32 {
  let d = logp - logq;
  if (abs(d) < 8.0) { return exp(logp) * excess(d); }
  return fma(exp(logp), d - 1.0, exp(logq));
}

// ½·p·log(p/m) + ½·q·log(q/m) with m = (p + q)/2.
fn jensenShannon(logp: f32, logq: f32) -> f32 {
  let gap = abs(logp - logq);
  if (gap < 0.25) {
    let x2 = 0.25 * gap * gap;
    return exp(0.5 * (logp + logq)) * x2 * fma(x2 * x2, 1.0 / 144.0, 0.5);
  }
  let ratio = exp(-gap);
  return 0.5 * exp(max(logp, logq)) * max(0.0, fma(1.0 + ratio, ln2 - log(1.0 + ratio), -gap * ratio));
}

@compute @workgroup_size(64)
fn blocks(@builtin(workgroup_id) wid: vec3<u32>, @builtin(local_invocation_index) t: u32) {
  let blocksOfRow = (params.columns + block - 1u) / block;
  let index = wid.x + wid.y * params.gridX;
  let pair = index / blocksOfRow;
  if (pair >= params.batch) { return; }
  let twin = pair + params.batch;
  let part = index - pair * blocksOfRow;
  let imageStart = pair * params.width;
  let maskedStart = (pair + params.maskedRow) * params.width;
  let end = min(part * block + block, params.columns);
  let slot = params.slot + part;

  var sum = vec2<f32>(0.0);
  var top = params.columns;
  if ((params.wanted & 1u) != 0u) {
    let imageBlock = rowParts[pair * params.slots + slot];
    let maskedBlock = rowParts[twin * params.slots + slot];
    let logSums = log(vec2<f32>(imageBlock.y, maskedBlock.y));
    for (var i = part * block + t; i < end; i += threads) {
      let logit = image[imageStart + i];
      if (logit == imageBlock.x) { top = min(top, i); }
      let logp = (logit - imageBlock.x) - logSums.x;
      let logq = (masked[maskedStart + i] - maskedBlock.x) - logSums.y;
      sum.x += kullbackLeibler(logp, logq);
    }
  }
  if ((params.wanted & 2u) != 0u) {
    let imageRow = statistics[pair];
    let maskedRow = statistics[twin];
    for (var i = part * block + t; i < end; i += threads) {
      let logp = (image[imageStart + i] - imageRow.x) - imageRow.y;
      let logq = (masked[maskedStart + i] - maskedRow.x) - maskedRow.y;
      sum.y += jensenShannon(logp, logq);
    }
  }
  many[t] = sum;
  firstTop[t] = top;
  workgroupBarrier();
  if (t < groups) {
    var total = many[t * groups];
    var first = firstTop[t * groups];
    for (var k = 1u; k < groups; k++) {
      total += many[t * groups + k];
      first = min(first, firstTop[t * groups + k]);
    }
    few[t] = total;
    fewTop[t] = first;
  }
  workgroupBarrier();
  if (t == 0u) {
    var total = few[0];
    var first = fewTop[0];
    for (var k = 1u; k < groups; k++) {
      total += few[k];
      first = min(first, fewTop[k]);
    }
    let topMasked = masked[maskedStart + min(first, params.columns - 1u)];
    parts[pair * params.slots + slot] = vec4<f32>(total, topMasked, 0.0);
  }
}

// Shares of the sums a and b, whose maxima fall below the common one so far, and their logarithms, which stay finite.
struct Shares { a: f32, b: f32, logA: f32, logB: f32 }

fn sharesOf(a: vec2<f32>, b: vec2<f32>) -> Shares {
  let top = max(a.x, b.x);
  let sums = vec2<f32>(a.y * exp(a.x - top), b.y * exp(b.x - top));
  let total = sums.x + sums.y;
  let share = sums / total;
  let far = vec2<f32>(a.x - top, b.x - top) + log(vec2<f32>(a.y, b.y)) - log(total);
  let logs = select(far, log(share), share > vec2<f32>(1e-20));
  return Shares(share.x, share.y, logs.x, logs.y);
}

fn joined(a: vec2<f32>, b: vec2<f32>) -> vec2<f32> {
  let top = max(a.x, b.x);
  return vec2<f32>(top, fma(a.y, exp(a.x - top), b.y * exp(b.x - top)));
}

@compute @workgroup_size(64)
fn merge(@builtin(workgroup_id) wid: vec3<u32>, @builtin(local_invocation_index) t: u32) {
  let pair = (wid.x + wid.y * params.gridX) * threads + t;
  if (pair >= params.batch) { return; }
  let twin = pair + params.batch;
  // Max and Σ e under both conditions; then KL, Jensen-Shannon, the top token's masked logit.
  var sums = state[pair * 2u];
  var found = state[pair * 2u + 1u];
  for (var k = 0u; k < params.slot; k++) {
    let part = finished[pair * params.slots + k];
    if ((params.wanted & 1u) != 0u) {
      let imagePart = finishedRows[pair * params.slots + k].xy;
      let maskedPart = finishedRows[twin * params.slots + k].xy;
      if (params.begins != 0u && k == 0u) {
        sums = vec4<f32>(imagePart, maskedPart);
        found = vec4<f32>(part.x, 0.0, part.z, 0.0);
      } else {
        let p = sharesOf(sums.xy, imagePart);
        let q = sharesOf(sums.zw, maskedPart);
        let before = fma(p.a, found.x, kullbackLeibler(p.logA, q.logA));
        found.x = fma(p.b, part.x, before + kullbackLeibler(p.logB, q.logB));
        if (imagePart.x > sums.x) { found.z = part.z; }
        sums = vec4<f32>(joined(sums.xy, imagePart), joined(sums.zw, maskedPart));
      }
    }
    found.y += part.y;
  }
  state[pair * 2u] = sums;
  state[pair * 2u + 1u] = found;
  if (params.ends != 0u) {
    let imageRow = finalStatistics[pair];
    let maskedRow = finalStatistics[twin];
    let drop = exp(-imageRow.y) - exp((found.z - maskedRow.x) - maskedRow.y);
    values[pair * 2u] = vec4<f32>(imageRow.z, maskedRow.z, found.x, found.y);
    values[pair * 2u + 1u] = vec4<f32>(imageRow.w, maskedRow.w, drop, imageRow.x + imageRow.y);
  }
}
