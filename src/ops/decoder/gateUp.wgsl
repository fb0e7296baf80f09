// A frame of ops/linear for the first half of SwiGLU: RMSNorm, gate and up with their adapters, and silu(gate)·up, in one dispatch.
// Columns come in pairs (gate, up). t = norm(x)·Aᵀ of both adapters side by side, if another dispatch made it.
// Bindings: 0 x [M, K], 1 and 2 the words of W_gate and W_up [F, K], 3 and 4 their scales, 5 side, 6 t [M, tWidth], 7 out [M, F], 8 params.
// side, in floats: the norm's weight [K], A of the adapters [tWidth, K], then B where params say.

struct Params {
  m: u32,
  k: u32,
  groupSize: u32,
  epsilon: f32,
  columns: u32,
  tWidth: u32,
  // Of gate and up; a rank of 0 without an adapter.
  ranks: vec2<u32>,
  bFirst: vec2<u32>,
  tFirst: vec2<u32>,
  loraScales: vec2<f32>,
}

@group(0) @binding(0) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> gateWords: array<vec4<u32>>;
@group(0) @binding(2) var<storage, read> upWords: array<vec4<u32>>;
@group(0) @binding(3) var<storage, read> gateScales: array<f32>;
@group(0) @binding(4) var<storage, read> upScales: array<f32>;
@group(0) @binding(5) var<storage, read> side: array<vec4<f32>>;
@group(0) @binding(6) var<storage, read> t: array<f32>;
@group(0) @binding(7) var<storage, read_write> out: array<f32>;
@group(0) @binding(8) var<uniform> params: Params;

var<private> firstColumn: u32;

fn place(tile: u32, width: u32) {
  firstColumn = tile * width;
}

fn isColumn(column: u32) -> bool {
  return column < params.columns * 2u;
}

fn rowOfColumn(column: u32) -> u32 {
  return column >> 1u;
}

fn words(column: u32, at: u32) -> vec4<u32> {
  if ((column & 1u) == 0u) { return gateWords[at]; }
  return upWords[at];
}

fn scaleAt(column: u32, at: u32) -> f32 {
  if ((column & 1u) == 0u) { return gateScales[at]; }
  return upScales[at];
}

fn sideAt(at: u32) -> f32 {
  return side[at >> 2u][at & 3u];
}

fn normWeight4(k4: u32) -> vec4<f32> {
  return side[k4];
}

fn tAt(row: u32, column: u32, i: u32) -> f32 {
  return t[row * params.tWidth + params.tFirst[column & 1u] + i];
}

fn aAt(i: u32, k4: u32) -> vec4<f32> {
  return side[(1u + i) * (params.k >> 2u) + k4];
}

fn tColumns() -> u32 {
  return params.tWidth;
}

fn tColumn(column: u32) -> u32 {
  return params.tFirst[column & 1u];
}

fn bAt(column: u32, i: u32) -> f32 {
  let own = column & 1u;
  return sideAt(params.bFirst[own] + (column >> 1u) * params.ranks[own] + i);
}

fn finished(total: f32, row: u32, column: u32) -> f32 {
  let value = fma(total, 1.0, 0.0);
  let own = column & 1u;
  if (params.ranks[own] > 0u) {
    return withLora(value, row, column, params.ranks[own], params.loraScales[own]);
  }
  return value;
}

/// As in activation.wgsl.
fn logistic(z: f32) -> f32 {
  let e = exp(-abs(z));
  return select(1.0, e, z < 0.0) / (1.0 + e);
}

fn finishPair(first: f32, second: f32, row: u32, column: u32) {
  let gate = finished(first, row, column);
  let up = finished(second, row, column + 1u);
  out[row * params.columns + (column >> 1u)] = gate * logistic(gate) * up;
}
