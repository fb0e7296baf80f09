// Compares row b (image) with row batch + b (masked) of the logits, one pair per workgroup: KL, Jensen-Shannon, fall of the
// top token. Bindings: 0 logits [2·batch, columns], 1 statistics [2·batch, 4] of logitRows, 2 values [batch, 8], 3 params.
// Each summand of both divergences is written so that it is never negative and exactly 0 for equal log-probs: equal rows
// give exactly 0, and small divergences keep their digits. Summation order as in logitRows.

struct Params { batch: u32, columns: u32, gridX: u32 }

@group(0) @binding(0) var<storage, read> logits: array<f32>;
@group(0) @binding(1) var<storage, read> statistics: array<f32>;
@group(0) @binding(2) var<storage, read_write> values: array<f32>;
@group(0) @binding(3) var<uniform> params: Params;

const threads = 256u;
const groups = 16u;
const ln2 = 0.6931471805599453;

var<workgroup> many: array<vec2<f32>, 256>;
var<workgroup> few: array<vec2<f32>, 16>;
var<workgroup> firstTop: array<u32, 256>;
var<workgroup> fewTop: array<u32, 16>;

// d − 1 + e^−d; the series where the closed form cancels.
fn excess(d: f32) -> f32 {
  if (abs(d) < 0.25) {
    let series = fma(d, fma(d, fma(d, fma(d, fma(d, -1.0 / 5040.0, 1.0 / 720.0), -1.0 / 120.0), 1.0 / 24.0), -1.0 / 6.0), 0.5);
    return d * d * series;
  }
  return (d - 1.0) + exp(-d);
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

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) wid: vec3<u32>, @builtin(local_invocation_index) t: u32) {
  let pair = wid.x + wid.y * params.gridX;
  if (pair >= params.batch) { return; }
  let twin = pair + params.batch;
  let imageStart = pair * params.columns;
  let maskedStart = twin * params.columns;
  let imageMax = statistics[pair * 4u];
  let imageLogSum = statistics[pair * 4u + 1u];
  let maskedMax = statistics[twin * 4u];
  let maskedLogSum = statistics[twin * 4u + 1u];

  var sum = vec2<f32>(0.0);
  var top = params.columns;
  for (var i = t; i < params.columns; i += threads) {
    let image = logits[imageStart + i];
    if (image == imageMax) { top = min(top, i); }
    let logp = (image - imageMax) - imageLogSum;
    let logq = (logits[maskedStart + i] - maskedMax) - maskedLogSum;
    let d = logp - logq;
    // p·d − p + q sums to the KL, as p and q each sum to 1. Far below, q itself, since e^−d would overflow.
    var kl = fma(exp(logp), d - 1.0, exp(logq));
    if (abs(d) < 8.0) { kl = exp(logp) * excess(d); }
    sum += vec2<f32>(kl, jensenShannon(logp, logq));
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
    let out = pair * 8u;
    values[out] = statistics[pair * 4u + 2u];
    values[out + 1u] = statistics[twin * 4u + 2u];
    values[out + 2u] = total.x;
    values[out + 3u] = total.y;
    values[out + 4u] = statistics[pair * 4u + 3u];
    values[out + 5u] = statistics[twin * 4u + 3u];
    let topMasked = (logits[maskedStart + min(first, params.columns - 1u)] - maskedMax) - maskedLogSum;
    values[out + 6u] = exp(-imageLogSum) - exp(topMasked);
    values[out + 7u] = imageMax + imageLogSum;
  }
}
