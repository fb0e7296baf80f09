// Gradient of the log-prob of a target with respect to its logits row: dy · (onehot − softmax), for a tile whose first column
// is `first` of the vocabulary. One thread per logit.
// Bindings: 0 logits [rows, columns], 1 statistics [rows, 4] of logitRows, 2 targets int32 [rows], 3 dy [rows],
// 4 out [rows, columns], 5 params. Rows with dy = 0 or without a target become zero.

struct Params { rows: u32, columns: u32, first: u32, gridX: u32 }

@group(0) @binding(0) var<storage, read> logits: array<f32>;
@group(0) @binding(1) var<storage, read> statistics: array<f32>;
@group(0) @binding(2) var<storage, read> targets: array<i32>;
@group(0) @binding(3) var<storage, read> dy: array<f32>;
@group(0) @binding(4) var<storage, read_write> out: array<f32>;
@group(0) @binding(5) var<uniform> params: Params;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) wid: vec3<u32>, @builtin(local_invocation_index) t: u32) {
  let index = (wid.x + wid.y * params.gridX) * 256u + t;
  if (index >= params.rows * params.columns) { return; }
  let row = index / params.columns;
  let slope = dy[row];
  let wanted = targets[row];
  if (slope == 0.0 || wanted < 0) {
    out[index] = 0.0;
    return;
  }
  let p = exp((logits[index] - statistics[row * 4u]) - statistics[row * 4u + 1u]);
  let hit = select(0.0, 1.0, params.first + index - row * params.columns == u32(wanted));
  out[index] = slope * (hit - p);
}
