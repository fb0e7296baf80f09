// Token embedding and the gradient of its table. Entry points share binding numbers, not buffers.
// lookUp: one thread per element; writes what the table rows first .. first + partRows − 1 give. ids [M]; data: f32 bits, or
// 2 f16, 4 int8 or 8 nibbles q + 8 per word, low first; scales [partRows, D/group] (a value is q·scale); features [F, D];
// featureIndex [M] (−1: table); out [M, D]. The first part also writes features, and zeros for ids outside the table.
// tableGradient: one workgroup per vocabulary row; each lane owns columns and adds dy of that row's positions in order.

struct Params { rows: u32, columns: u32, group: u32, first: u32, partRows: u32, vocabulary: u32, merge: u32 }
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

@compute @workgroup_size(64)
fn lookUp(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = (wid.x + wid.y * grid.x) * 64u + lane;
  if (i >= params.rows * params.columns) { return; }
  let row = i / params.columns;
  let column = i % params.columns;
  var feature = -1;
  if (params.merge == 1u) { feature = featureIndex[row]; }
  let id = u32(ids[row]);
  if (feature >= 0) {
    if (params.first == 0u) { out[i] = features[u32(feature) * params.columns + column]; }
  } else if (id >= params.first && id - params.first < params.partRows) {
    out[i] = tableValue((id - params.first) * params.columns + column);
  } else if (params.first == 0u && id >= params.vocabulary) {
    out[i] = 0.0;
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
