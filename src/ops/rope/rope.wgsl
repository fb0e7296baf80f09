// Rotary embedding, one thread per pair (i, i + hd/2).
// x [M, H, hd], positions [M], table [P, hd] = [cos | sin], out [M, H, hd].

struct Params { pairs: u32, heads: u32, width: u32, inverse: u32 }

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> positions: array<i32>;
@group(0) @binding(2) var<storage, read> table: array<f32>;
@group(0) @binding(3) var<storage, read_write> out: array<f32>;
@group(0) @binding(4) var<uniform> params: Params;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let index = (wid.x + wid.y * grid.x) * 64u + lane;
  if (index >= params.pairs) { return; }
  let half = params.width / 2u;
  let head = index / half;
  let i = index % half;
  let angles = u32(positions[head / params.heads]) * params.width + i;
  let cosine = table[angles];
  let sine = select(table[angles + half], -table[angles + half], params.inverse == 1u);
  let low = x[head * params.width + i];
  let high = x[head * params.width + half + i];
  out[head * params.width + i] = fma(low, cosine, -(high * sine));
  out[head * params.width + half + i] = fma(high, cosine, low * sine);
}
