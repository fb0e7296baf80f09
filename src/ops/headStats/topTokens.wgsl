// The topK most likely tokens of each row, largest first, equal ones by index, over the tiles of logitRows.wgsl; one row per
// workgroup. Ids and logits so far are candidates beside the tile's columns; the last tile turns logits into log-probs.
// Bindings: 0 and 1 logits as in logitRows.wgsl, 2 statistics [2·batch, 4], 3 ids int32 [batch, 2, topK], 4 logp [batch, 2, topK],
// 5 the other condition's logp [batch, 2, topK], 6 params.
// Each thread keeps the best of its columns t, t + 256, ... and of entry t of the list; per round the best of all is taken, and
// only the thread that owned it looks again.

struct Params {
  batch: u32,
  columns: u32,
  width: u32,
  maskedRow: u32,
  first: u32,
  topK: u32,
  ends: u32,
  gridX: u32,
}

@group(0) @binding(0) var<storage, read> image: array<f32>;
@group(0) @binding(1) var<storage, read> masked: array<f32>;
@group(0) @binding(2) var<storage, read> statistics: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> ids: array<i32>;
@group(0) @binding(4) var<storage, read_write> logp: array<f32>;
@group(0) @binding(5) var<storage, read_write> otherLogp: array<f32>;
@group(0) @binding(6) var<uniform> params: Params;

const threads = 256u;
const groups = 16u;
const lowest = -3.4028234e38;

struct Candidate { value: f32, index: u32 }

var<workgroup> many: array<Candidate, 256>;
var<workgroup> few: array<Candidate, 16>;

fn better(a: Candidate, b: Candidate) -> bool {
  return a.value > b.value || (a.value == b.value && a.index < b.index);
}

// The logit at column i of the tile, under the image or not.
fn logit(pair: u32, second: bool, i: u32) -> f32 {
  if (second) { return masked[(pair + params.maskedRow) * params.width + i]; }
  return image[pair * params.width + i];
}

// Best of the thread's columns, and of its entry of the list, that comes after `last` in the order.
fn bestAfter(pair: u32, second: bool, t: u32, entry: Candidate, last: Candidate, any: bool) -> Candidate {
  var best = Candidate(lowest, 0xffffffffu);
  if (entry.index != 0xffffffffu && (any || better(last, entry))) { best = entry; }
  for (var i = t; i < params.columns; i += threads) {
    let candidate = Candidate(logit(pair, second, i), params.first + i);
    if ((any || better(last, candidate)) && better(candidate, best)) { best = candidate; }
  }
  return best;
}

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) wid: vec3<u32>, @builtin(local_invocation_index) t: u32) {
  let row = wid.x + wid.y * params.gridX;
  if (row >= params.batch * 2u) { return; }
  let condition = row / params.batch;
  let second = condition == 1u;
  let pair = row - condition * params.batch;
  let list = (pair * 2u + condition) * params.topK;
  var entry = Candidate(lowest, 0xffffffffu);
  var entryOther = 0.0;
  if (params.first > 0u && t < params.topK) {
    entry = Candidate(logp[list + t], u32(ids[list + t]));
    entryOther = otherLogp[list + t];
  }
  var own = bestAfter(pair, second, t, entry, Candidate(0.0, 0u), true);
  for (var k = 0u; k < params.topK; k++) {
    many[t] = own;
    workgroupBarrier();
    if (t < groups) {
      var best = many[t * groups];
      for (var g = 1u; g < groups; g++) {
        let candidate = many[t * groups + g];
        if (better(candidate, best)) { best = candidate; }
      }
      few[t] = best;
    }
    workgroupBarrier();
    var winner = few[0];
    for (var g = 1u; g < groups; g++) {
      let candidate = few[g];
      if (better(candidate, winner)) { winner = candidate; }
    }
    if (winner.index == own.index) {
      var other = entryOther;
      if (winner.index >= params.first) { other = logit(pair, !second, winner.index - params.first); }
      var value = winner.value;
      if (params.ends != 0u) {
        let mine = statistics[row];
        let twin = statistics[pair + (1u - condition) * params.batch];
        value = (value - mine.x) - mine.y;
        other = (other - twin.x) - twin.y;
      }
      ids[list + k] = i32(winner.index);
      logp[list + k] = value;
      otherLogp[list + k] = other;
      own = bestAfter(pair, second, t, entry, winner, false);
    }
  }
}
