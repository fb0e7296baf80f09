// Token embedding and the gradient of its table. Entry points share binding numbers, not buffers.
// lookUp: one thread per element. ids [M]; data: f32 bits [V, D], or 4 int8, or 8 nibbles q + 8 per word, low first;
// scales [V, D/group] (a value is q·scale); features [F, D]; featureIndex [M] (−1: table); out [M, D].
// tableGradient: one workgroup per vocabulary row; each lane owns columns and adds dy of that row's positions in order.

struct Params { rows: u32, columns: u32, format: u32, group: u32, merge: u32 }
struct GradientParams { rows: u32, columns: u32, vocabulary: u32, merge: u32 }

@group(0) @binding(0) var<storage, read> ids: array<i32>;
@group(0) @binding(1) var<storage, read> data: array<u32>;
@group(0) @binding(2) var<storage, read> scales: array<f32>;
@group(0) @binding(3) var<storage, read> features: array<f32>;
@group(0) @binding(4) var<storage, read> featureIndex: array<i32>;
@group(0) @binding(5) var<storage, read_write> out: array<f32>;
@group(0) @binding(6) var<uniform> params: Params;

@group(0) @binding(1) var<storage, read> gradientIndex: array<i32>;
@group(0) @binding(2) var<storage, read> dy: array<f32>;
@group(0) @binding(3) var<storage, read_write> dtable: array<f32>;
@group(0) @binding(4) var<uniform> gradient: GradientParams;

fn tableValue(at: u32) -> f32 {
  if (params.format == 0u) { return bitcast<f32>(data[at]); }
  if (params.format == 1u) {
    let q = extractBits(bitcast<i32>(data[at / 4u]), (at % 4u) * 8u, 8u);
    return f32(q) * scales[at / params.group];
  }
  let q = i32(extractBits(data[at / 8u], (at % 8u) * 4u, 4u)) - 8;
  return f32(q) * scales[at / params.group];
}

@compute @workgroup_size(64)
fn lookUp(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = (wid.x + wid.y * grid.x) * 64u + lane;
  if (i >= params.rows * params.columns) { return; }
  let row = i / params.columns;
  let column = i % params.columns;
  var feature = -1;
  if (params.merge == 1u) { feature = featureIndex[row]; }
  if (feature >= 0) {
    out[i] = features[u32(feature) * params.columns + column];
  } else {
    out[i] = tableValue(u32(ids[row]) * params.columns + column);
  }
}

@compute @workgroup_size(64)
fn tableGradient(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let token = wid.x + wid.y * grid.x;
  if (token >= gradient.vocabulary) { return; }
  for (var column = lane; column < gradient.columns; column += 64u) {
    var sum = 0.0;
    for (var row = 0u; row < gradient.rows; row++) {
      if (u32(ids[row]) != token) { continue; }
      if (gradient.merge == 1u && gradientIndex[row] >= 0) { continue; }
      sum += dy[row * gradient.columns + column];
    }
    dtable[token * gradient.columns + column] = sum;
  }
}
