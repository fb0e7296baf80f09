// RMSNorm and LayerNorm and their gradients. Rows: one workgroup of 32 per row; lane t adds columns t, t + 32, ... in order,
// then the 32 partial sums are added in order: the same order for every M. Parameter gradients: 16 columns per
// workgroup, 4 lanes per column add rows l, l + 4, ... in order. Entry points share binding numbers, not buffers.
// x [M, D], weight and bias [D], statistics [M, 2] = (mean, inverse deviation); mean is 0 when `centre` is 0. With `accumulate`
// the input's gradient is added to what dx holds, which is the residual's.

struct Params { rows: u32, columns: u32, epsilon: f32, centre: u32, hasBias: u32, accumulate: u32 }

// forward: x, weight, bias -> out, statistics
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> weight: array<f32>;
@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read_write> out: array<f32>;
@group(0) @binding(4) var<storage, read_write> newStatistics: array<vec2f>;
@group(0) @binding(5) var<uniform> params: Params;
// inputGradient: x, weight, dy, statistics -> dx
@group(0) @binding(2) var<storage, read> dy: array<f32>;
@group(0) @binding(3) var<storage, read> statistics: array<vec2f>;
@group(0) @binding(4) var<storage, read_write> dx: array<f32>;
// weightGradient: x, dy, statistics -> dweight
@group(0) @binding(1) var<storage, read> weightDy: array<f32>;
@group(0) @binding(2) var<storage, read> weightStatistics: array<vec2f>;
@group(0) @binding(3) var<storage, read_write> dweight: array<f32>;
@group(0) @binding(4) var<uniform> weightParams: Params;
// biasGradient: dy -> dbias
@group(0) @binding(0) var<storage, read> biasDy: array<f32>;
@group(0) @binding(1) var<storage, read_write> dbias: array<f32>;
@group(0) @binding(2) var<uniform> biasParams: Params;

const lanes = 32u;

var<workgroup> partial: array<vec2f, lanes>;
var<workgroup> parts: array<f32, 64>;

/** Sum of `value` over the lanes, in order, for every lane. Callable once per barrier-separated stretch. */
fn sumOfLanes(value: vec2f, lane: u32) -> vec2f {
  partial[lane] = value;
  workgroupBarrier();
  var total = partial[0];
  for (var i = 1u; i < lanes; i++) { total += partial[i]; }
  return total;
}

@compute @workgroup_size(lanes)
fn forward(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = wid.x + wid.y * grid.x;
  if (row >= params.rows) { return; }
  let base = row * params.columns;
  let count = f32(params.columns);
  var mean = 0.0;
  if (params.centre == 1u) {
    var sum = 0.0;
    for (var c = lane; c < params.columns; c += lanes) { sum += x[base + c]; }
    mean = sumOfLanes(vec2f(sum, 0.0), lane).x / count;
    workgroupBarrier();
  }
  var squares = 0.0;
  for (var c = lane; c < params.columns; c += lanes) {
    let centred = x[base + c] - mean;
    squares = fma(centred, centred, squares);
  }
  let variance = sumOfLanes(vec2f(squares, 0.0), lane).x / count;
  let inverse = 1.0 / sqrt(variance + params.epsilon);
  for (var c = lane; c < params.columns; c += lanes) {
    let unit = (x[base + c] - mean) * inverse;
    out[base + c] = fma(unit, weight[c], select(0.0, bias[c], params.hasBias == 1u));
  }
  if (lane == 0u) { newStatistics[row] = vec2f(mean, inverse); }
}

@compute @workgroup_size(lanes)
fn inputGradient(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = wid.x + wid.y * grid.x;
  if (row >= params.rows) { return; }
  let base = row * params.columns;
  let mean = statistics[row].x;
  let inverse = statistics[row].y;
  // (Σ g·x̂, Σ g)
  var sums = vec2f(0.0);
  for (var c = lane; c < params.columns; c += lanes) {
    let g = dy[base + c] * weight[c];
    sums = fma(vec2f(g), vec2f((x[base + c] - mean) * inverse, 1.0), sums);
  }
  var means = sumOfLanes(sums, lane) / f32(params.columns);
  if (params.centre == 0u) { means.y = 0.0; }
  for (var c = lane; c < params.columns; c += lanes) {
    let g = dy[base + c] * weight[c];
    let unit = (x[base + c] - mean) * inverse;
    let gradient = inverse * (fma(-unit, means.x, g) - means.y);
    dx[base + c] = select(gradient, dx[base + c] + gradient, params.accumulate == 1u);
  }
}

/** Adds the 4 lanes of a column in order; lane = part * 16 + column. */
fn sumOfParts(value: f32, lane: u32) -> f32 {
  parts[lane] = value;
  workgroupBarrier();
  let column = lane % 16u;
  return ((parts[column] + parts[column + 16u]) + parts[column + 32u]) + parts[column + 48u];
}

@compute @workgroup_size(64)
fn weightGradient(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let column = (wid.x + wid.y * grid.x) * 16u + lane % 16u;
  var sum = 0.0;
  if (column < weightParams.columns) {
    for (var row = lane / 16u; row < weightParams.rows; row += 4u) {
      let at = row * weightParams.columns + column;
      let s = weightStatistics[row];
      sum = fma(weightDy[at], (x[at] - s.x) * s.y, sum);
    }
  }
  let total = sumOfParts(sum, lane);
  if (lane < 16u && column < weightParams.columns) { dweight[column] = total; }
}

@compute @workgroup_size(64)
fn biasGradient(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let column = (wid.x + wid.y * grid.x) * 16u + lane % 16u;
  var sum = 0.0;
  if (column < biasParams.columns) {
    for (var row = lane / 16u; row < biasParams.rows; row += 4u) { sum += biasDy[row * biasParams.columns + column]; }
  }
  let total = sumOfParts(sum, lane);
  if (lane < 16u && column < biasParams.columns) { dbias[column] = total; }
}
