// Rows by index, one thread per element; index −1 gives zeros.
// x [M, columns], index [count], out [count, columns].

struct Params { count: u32, columns: u32 }

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> index: array<i32>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = (wid.x + wid.y * grid.x) * 64u + lane;
  if (i >= params.count * params.columns) { return; }
  let source = index[i / params.columns];
  var value = 0.0;
  if (source >= 0) { value = x[u32(source) * params.columns + i % params.columns]; }
  out[i] = value;
}
