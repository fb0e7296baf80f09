// Writes rows into a cache in place. One thread per element.
// values [B, columns], slots [B], cache [S, columns].

struct Params { count: u32, columns: u32, size: u32 }

@group(0) @binding(0) var<storage, read> values: array<f32>;
@group(0) @binding(1) var<storage, read> slots: array<i32>;
@group(0) @binding(2) var<storage, read_write> cache: array<f32>;
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let index = (wid.x + wid.y * grid.x) * 64u + lane;
  if (index >= params.count * params.columns) { return; }
  let slot = slots[index / params.columns];
  if (slot < 0 || u32(slot) >= params.size) { return; }
  cache[u32(slot) * params.columns + index % params.columns] = values[index];
}
