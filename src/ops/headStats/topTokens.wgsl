// The topK most likely tokens of each logits row, largest first, equal ones by index; one row per workgroup.
// Bindings: 0 logits [2·batch, columns], 1 statistics [2·batch, 4] of logitRows, 2 ids int32 [batch, 2, topK],
// 3 logp [batch, 2, topK], 4 the other condition's logp [batch, 2, topK], 5 params.
// Each thread keeps the best of its columns t, t + 256, ...; per round the best of all is taken, and only the thread that
// owned it looks again.

struct Params { batch: u32, columns: u32, topK: u32, gridX: u32 }

@group(0) @binding(0) var<storage, read> logits: array<f32>;
@group(0) @binding(1) var<storage, read> statistics: array<f32>;
@group(0) @binding(2) var<storage, read_write> ids: array<i32>;
@group(0) @binding(3) var<storage, read_write> logp: array<f32>;
@group(0) @binding(4) var<storage, read_write> otherLogp: array<f32>;
@group(0) @binding(5) var<uniform> params: Params;

const threads = 256u;
const groups = 16u;
const lowest = -3.4028234e38;

struct Candidate { value: f32, index: u32 }

var<workgroup> many: array<Candidate, 256>;
var<workgroup> few: array<Candidate, 16>;

fn better(a: Candidate, b: Candidate) -> bool {
  return a.value > b.value || (a.value == b.value && a.index < b.index);
}

// Best of the thread's columns that comes after `last` in the order.
fn bestAfter(start: u32, t: u32, last: Candidate, any: bool) -> Candidate {
  var best = Candidate(lowest, 0xffffffffu);
  for (var i = t; i < params.columns; i += threads) {
    let candidate = Candidate(logits[start + i], i);
    if ((any || better(last, candidate)) && better(candidate, best)) { best = candidate; }
  }
  return best;
}

fn logProb(row: u32, id: u32) -> f32 {
  return (logits[row * params.columns + id] - statistics[row * 4u]) - statistics[row * 4u + 1u];
}

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) wid: vec3<u32>, @builtin(local_invocation_index) t: u32) {
  let row = wid.x + wid.y * params.gridX;
  if (row >= params.batch * 2u) { return; }
  let condition = row / params.batch;
  let pair = row - condition * params.batch;
  let twin = pair + (1u - condition) * params.batch;
  let start = row * params.columns;
  var own = bestAfter(start, t, Candidate(0.0, 0u), true);
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
    if (t == 0u) {
      let out = (pair * 2u + condition) * params.topK + k;
      ids[out] = i32(winner.index);
      logp[out] = logProb(row, winner.index);
      otherLogp[out] = logProb(twin, winner.index);
    }
    if (winner.index % threads == t) { own = bestAfter(start, t, winner, false); }
  }
}
