// A frame of ops/linear for the three projections that begin a decoder block: RMSNorm, q, k and v with bias and adapter, the rotation
// of q and k, and the writing of k and v into their cache: one dispatch. What a row has of its own lies in `work`
// (rows.ts says how): the cache slot, the angles' cosines and sines, t = norm(x)·Aᵀ of the adapters if another dispatch made it; and q
// goes there.
// Columns come in pairs (i, i + headDim/2) of a head, which turn together; a workgroup has columns of one matrix only.
// Bindings: 0 x [M, K], 1 to 3 the words of W_q, W_k, W_v, 4 side, 5 work [M, stride], 6 k and 7 v [size, keyHeads·headDim], 8 params.
// side, in floats: the norm's weight [K], A of the adapters one below the other, then where params say: biases, scales, B of the adapters.

/// Off where heads are normalised before they turn (headRotate.wgsl).
override ROTATE: bool = true;

struct Params {
  m: u32,
  k: u32,
  groupSize: u32,
  epsilon: f32,
  headDim: u32,
  stride: u32,
  qFirst: u32,
  size: u32,
  // Per matrix: pairs of columns, tiles of them, and where its parts of `side` and t's columns begin (in floats).
  pairs: vec4<u32>,
  tiles: vec4<u32>,
  biasFirst: vec4<u32>,
  scalesFirst: vec4<u32>,
  bFirst: vec4<u32>,
  tFirst: vec4<u32>,
  // 0 without an adapter.
  ranks: vec4<u32>,
  loraScales: vec4<f32>,
  hasBias: u32,
}

@group(0) @binding(0) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> queryWords: array<vec4<u32>>;
@group(0) @binding(2) var<storage, read> keyWords: array<vec4<u32>>;
@group(0) @binding(3) var<storage, read> valueWords: array<vec4<u32>>;
@group(0) @binding(4) var<storage, read> side: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read_write> work: array<f32>;
@group(0) @binding(6) var<storage, read_write> keys: array<f32>;
@group(0) @binding(7) var<storage, read_write> values: array<f32>;
@group(0) @binding(8) var<uniform> params: Params;

/// 0 q, 1 k, 2 v.
var<private> matrix: u32;
var<private> firstColumn: u32;

fn place(tile: u32, width: u32) {
  var own = tile;
  matrix = 0u;
  for (var i = 0u; i < 2u; i++) {
    if (matrix == i && own >= params.tiles[i]) {
      own -= params.tiles[i];
      matrix = i + 1u;
    }
  }
  firstColumn = own * width;
}

fn isColumn(column: u32) -> bool {
  return column < params.pairs[matrix] * 2u;
}

fn rowOfColumn(column: u32) -> u32 {
  let half = params.headDim >> 1u;
  let pair = column >> 1u;
  return (pair / half) * params.headDim + (column & 1u) * half + pair % half;
}

fn words(column: u32, at: u32) -> vec4<u32> {
  if (matrix == 0u) { return queryWords[at]; }
  if (matrix == 1u) { return keyWords[at]; }
  return valueWords[at];
}

fn scaleAt(column: u32, at: u32) -> f32 {
  return sideAt(params.scalesFirst[matrix] + at);
}

fn sideAt(at: u32) -> f32 {
  return side[at >> 2u][at & 3u];
}

fn normWeight4(k4: u32) -> vec4<f32> {
  return side[k4];
}

fn tAt(row: u32, column: u32, i: u32) -> f32 {
  return work[row * params.stride + params.tFirst[matrix] + i];
}

/// In `side` A has the order that t has in `work`.
fn aAt(i: u32, k4: u32) -> vec4<f32> {
  let row = 1u + params.tFirst[matrix] - params.tFirst.x + i;
  return side[row * (params.k >> 2u) + k4];
}

fn tColumns() -> u32 {
  return params.ranks[matrix];
}

fn tColumn(column: u32) -> u32 {
  return 0u;
}

fn bAt(column: u32, i: u32) -> f32 {
  return sideAt(params.bFirst[matrix] + rowOfColumn(column) * params.ranks[matrix] + i);
}

fn finished(total: f32, row: u32, column: u32) -> f32 {
  var start = 0.0;
  if (params.hasBias != 0u) {
    start = sideAt(params.biasFirst[matrix] + rowOfColumn(column));
  }
  let value = fma(total, 1.0, start);
  if (params.ranks[matrix] > 0u) {
    return withLora(value, row, column, params.ranks[matrix], params.loraScales[matrix]);
  }
  return value;
}

fn finishPair(first: f32, second: f32, row: u32, column: u32) {
  let base = row * params.stride;
  let half = params.headDim >> 1u;
  let at = rowOfColumn(column);
  var low = finished(first, row, column);
  var high = finished(second, row, column + 1u);
  if (ROTATE && matrix < 2u) {
    let angle = base + 4u + (column >> 1u) % half;
    let cosine = work[angle];
    let sine = work[angle + half];
    let turned = fma(low, cosine, -(high * sine));
    high = fma(high, cosine, low * sine);
    low = turned;
  }
  if (matrix == 0u) {
    work[base + params.qFirst + at] = low;
    work[base + params.qFirst + at + half] = high;
    return;
  }
  let slot = i32(work[base]);
  if (slot < 0 || u32(slot) >= params.size) { return; }
  let start = u32(slot) * params.pairs[matrix] * 2u + at;
  if (matrix == 1u) {
    keys[start] = low;
    keys[start + half] = high;
  } else {
    values[start] = low;
    values[start + half] = high;
  }
}
