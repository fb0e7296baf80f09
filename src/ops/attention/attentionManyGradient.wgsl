// Gradient of attention for many rows, one thread per (query row, head) or (key row, key head): no workgroup memory, no
// barrier. Same bindings and formulas as attentionGradient.wgsl (whose `prepare` pass it needs); sums run over keys, or over
// query rows, in order. Heads up to 64 wide (queryGradient) or 32 (keyGradient, which keeps twice as much per thread).

override WIDTH4: u32 = 8u;
const maxWidth4 = 16;

struct Params { rowCount: u32, heads: u32, keyHeads: u32, keyRows: u32, scale: f32 }

@group(0) @binding(0) var<storage, read> q: array<vec4f>;
@group(0) @binding(1) var<storage, read> k: array<vec4f>;
@group(0) @binding(2) var<storage, read> v: array<vec4f>;
@group(0) @binding(3) var<storage, read> dy: array<vec4f>;
@group(0) @binding(4) var<storage, read> info: array<i32>;
// queryGradient
@group(0) @binding(5) var<storage, read_write> dq: array<vec4f>;
@group(0) @binding(6) var<uniform> queryParams: Params;
// keyGradient
@group(0) @binding(5) var<storage, read> keys: array<vec2i>;
@group(0) @binding(6) var<storage, read_write> dk: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> dv: array<vec4f>;
@group(0) @binding(8) var<uniform> keyParams: Params;

// The row the thread owns, (q, dy) or (k, v), and its sums.
var<private> ownA: array<vec4f, maxWidth4>;
var<private> ownB: array<vec4f, maxWidth4>;
var<private> sumA: array<vec4f, maxWidth4>;
var<private> sumB: array<vec4f, maxWidth4>;

fn dot4(a: vec4f, b: vec4f, sum: f32) -> f32 {
  return fma(a.w, b.w, fma(a.z, b.z, fma(a.y, b.y, fma(a.x, b.x, sum))));
}

@compute @workgroup_size(64)
fn queryGradient(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let thread = (wid.x + wid.y * grid.x) * 64u + lane;
  let heads = queryParams.heads;
  if (thread >= queryParams.rowCount * heads) { return; }
  let head = thread / queryParams.rowCount;
  let row = thread % queryParams.rowCount;
  let item = row * heads + head;
  let keyHead = head * queryParams.keyHeads / heads;
  let base = row * (4u + 2u * heads);
  let prefixStart = info[base];
  let prefixLength = info[base + 1u];
  let segmentStart = info[base + 2u];
  let count = info[base + 3u];
  let logSum = bitcast<f32>(info[base + 4u + 2u * head]);
  let delta = bitcast<f32>(info[base + 5u + 2u * head]);
  for (var d = 0u; d < WIDTH4; d++) {
    ownA[d] = q[item * WIDTH4 + d] * queryParams.scale;
    ownB[d] = dy[item * WIDTH4 + d];
    sumA[d] = vec4f(0.0);
  }
  for (var j = 0; j < count; j++) {
    let keyRow = u32(select(segmentStart + j - prefixLength, prefixStart + j, j < prefixLength));
    let at = (keyRow * queryParams.keyHeads + keyHead) * WIDTH4;
    var score = 0.0;
    var dweight = 0.0;
    for (var d = 0u; d < WIDTH4; d++) {
      score = dot4(ownA[d], k[at + d], score);
      dweight = dot4(ownB[d], v[at + d], dweight);
    }
    let dscore = exp(score - logSum) * (dweight - delta);
    for (var c = 0u; c < WIDTH4; c++) { sumA[c] = fma(vec4f(dscore), k[at + c], sumA[c]); }
  }
  for (var c = 0u; c < WIDTH4; c++) { dq[item * WIDTH4 + c] = sumA[c] * queryParams.scale; }
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

@compute @workgroup_size(64)
fn keyGradient(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let first = (wid.x + wid.y * grid.x) * 64u;
  let keyRows = keyParams.keyRows;
  let keyHeads = keyParams.keyHeads;
  let thread = first + lane;
  if (thread >= keyRows * keyHeads) { return; }
  let keyHead = thread / keyRows;
  let keyRow = thread % keyRows;
  let own = keyRow * keyHeads + keyHead;
  let heads = keyParams.heads;
  let perKeyHead = heads / keyHeads;
  // All threads of the workgroup walk over the same rows, so that they read the same addresses together.
  var start = i32(keyParams.rowCount);
  var end = 0;
  for (var i = 0u; i < 64u; i++) {
    let range = keys[(first + i) % keyRows];
    if (range.x < range.y) {
      start = min(start, range.x);
      end = max(end, range.y);
    }
  }
  end = min(end, i32(keyParams.rowCount));
  let range = keys[keyRow];
  for (var d = 0u; d < WIDTH4; d++) {
    ownA[d] = k[own * WIDTH4 + d];
    ownB[d] = v[own * WIDTH4 + d];
    sumA[d] = vec4f(0.0);
    sumB[d] = vec4f(0.0);
  }
  for (var row = max(start, 0); row < end; row++) {
    let base = u32(row) * (4u + 2u * heads);
    if (row < range.x || row >= range.y || !sees(base, i32(keyRow))) { continue; }
    for (var head = keyHead * perKeyHead; head < (keyHead + 1u) * perKeyHead; head++) {
      let at = (u32(row) * heads + head) * WIDTH4;
      var score = 0.0;
      var dweight = 0.0;
      for (var d = 0u; d < WIDTH4; d++) {
        score = dot4(q[at + d] * keyParams.scale, ownA[d], score);
        dweight = dot4(dy[at + d], ownB[d], dweight);
      }
      let weight = exp(score - bitcast<f32>(info[base + 4u + 2u * head]));
      let dscore = weight * (dweight - bitcast<f32>(info[base + 5u + 2u * head]));
      for (var c = 0u; c < WIDTH4; c++) {
        sumA[c] = fma(vec4f(dscore), q[at + c], sumA[c]);
        sumB[c] = fma(vec4f(weight), dy[at + c], sumB[c]);
      }
    }
  }
  for (var c = 0u; c < WIDTH4; c++) {
    dk[own * WIDTH4 + c] = sumA[c] * keyParams.scale;
    dv[own * WIDTH4 + c] = sumB[c];
  }
}
