// Rotary embedding, one thread per pair (i, i + hd/2).
// x [M, H, hd], positions [M, A], table [P, hd] = [cos | sin], axes [hd/2] < A (unread when A is 1), out [M, H, hd].

struct Params { pairs: u32, heads: u32, width: u32, inverse: u32, axisCount: u32 }

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> positions: array<i32>;
@group(0) @binding(2) var<storage, read> table: array<f32>;
@group(0) @binding(3) var<storage, read> axes: array<i32>;
@group(0) @binding(4) var<storage, read_write> out: array<f32>;
@group(0) @binding(5) var<uniform> params: Params;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let index = (wid.x + wid.y * grid.x) * 64u + lane;
  if (index >= params.pairs) { return; }
  let half = params.width / 2u;
  let head = index / half;
  let i = index % half;
  var at = (head / params.heads) * params.axisCount;
  if (params.axisCount > 1u) { at += u32(axes[i]); }
  let angles = u32(positions[at]) * params.width + i;
  let cosine = table[angles];
  let sine = select(table[angles + half], -table[angles + half], params.inverse == 1u);
  let low = x[head * params.width + i];
  let high = x[head * params.width + half + i];
  out[head * params.width + i] = fma(low, cosine, -(high * sine));
  out[head * params.width + half + i] = fma(high, cosine, low * sine);
}
