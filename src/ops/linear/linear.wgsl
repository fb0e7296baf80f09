// The plain frame of products with a matrix, before `oneMatrix.wgsl`: a part of W [N, K] in any format, and out = scale·x·Wᵀ + bias +
// residual, plus loraScale·t·Bᵀ where a projection has an adapter (t = x·Aᵀ). What a call does not have is stood in for by another
// read-only buffer and not read.
// Bindings: 0 x [M, K] or dy [M, N], 1 W (words), 2 scales [N, K/groupSize], 3 bias [N], 4 residual [M, N], 5 t [M, rank] or A [rank, K],
// 6 B [N, rank], 7 out, 8 params.

struct Params {
  m: u32,
  n: u32,
  k: u32,
  groupSize: u32,
  scale: f32,
  /// The width of a row of out (x·Wᵀ) or of dy, and the first of its columns that this part has.
  width: u32,
  first: u32,
  /// The first row of W that is used.
  weightRow: u32,
  hasBias: u32,
  hasResidual: u32,
  /// Rows of A, 0 without an adapter; the first of B's rows.
  rank: u32,
  bFirst: u32,
  loraScale: f32,
  epsilon: f32,
}

/// x for `transposed`, whose rows may have any width.
@group(0) @binding(0) var<storage, read> dy: array<f32>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read> residual: array<f32>;
@group(0) @binding(5) var<storage, read> adapter: array<vec4<f32>>;
@group(0) @binding(6) var<storage, read> loraB: array<f32>;
@group(0) @binding(7) var<storage, read_write> out: array<f32>;
@group(0) @binding(8) var<uniform> params: Params;

/// Rows are not normalised in this frame.
fn normWeight4(k4: u32) -> vec4<f32> {
  return vec4<f32>();
}

fn tAt(row: u32, column: u32, i: u32) -> f32 {
  let at = row * params.rank + i;
  return adapter[at >> 2u][at & 3u];
}

fn aAt(i: u32, k4: u32) -> vec4<f32> {
  return adapter[i * (params.k >> 2u) + k4];
}

fn tColumns() -> u32 {
  return params.rank;
}

fn tColumn(column: u32) -> u32 {
  return 0u;
}

fn bAt(column: u32, i: u32) -> f32 {
  return loraB[(params.bFirst + column) * params.rank + i];
}

/// The one epilogue of x·Wᵀ.
fn finish(total: f32, row: u32, column: u32) {
  let at = row * params.width + params.first + column;
  var start = 0.0;
  if (params.hasBias != 0u) {
    start = bias[params.first + column];
  }
  var value = fma(total, params.scale, start);
  if (params.hasResidual != 0u) {
    value += residual[at];
  }
  if (params.rank > 0u) {
    value = withLora(value, row, column, params.rank, params.loraScale);
  }
  out[at] = value;
}

fn finishPair(first: f32, second: f32, row: u32, column: u32) {
  finish(first, row, column);
  if (column + 1u < params.n) {
    finish(second, row, column + 1u);
  }
}
