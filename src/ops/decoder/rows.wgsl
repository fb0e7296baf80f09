// What every row of a decoding pass brings along, once per pass: its cache slot and the cosines and sines of its position (rows.ts has
// the layout of `work`). `embedRows` looks the rows' tokens up as well, so that a decoding step begins with one dispatch.
//   rowInfo    0 rows [M, 4], 1 positions [M, axes], 2 table [P, headDim] = [cos | sin], 3 work [M, stride], 4 axes [headDim/2], 5 params
//   embedRows  0 to 3 the same with one axis, 4 ids [M], 5 data and 6 scales of the embedding (embedding.wgsl), 7 hidden [M, D], 8 params
// A thread per row and half a head, or per element of hidden.

struct Params { rows: u32, headDim: u32, stride: u32, axisCount: u32, columns: u32, group: u32, vocabulary: u32 }

@group(0) @binding(0) var<storage, read> rows: array<vec4<i32>>;
@group(0) @binding(1) var<storage, read> positions: array<i32>;
@group(0) @binding(2) var<storage, read> table: array<f32>;
@group(0) @binding(3) var<storage, read_write> work: array<f32>;
@group(0) @binding(4) var<storage, read> axes: array<i32>;
@group(0) @binding(5) var<uniform> infoParams: Params;

@group(0) @binding(4) var<storage, read> ids: array<i32>;
@group(0) @binding(5) var<storage, read> data: array<u32>;
@group(0) @binding(6) var<storage, read> scales: array<f32>;
@group(0) @binding(7) var<storage, read_write> hidden: array<f32>;
@group(0) @binding(8) var<uniform> params: Params;

/// A row's own key is the last one that it sees.
fn slotOf(row: vec4<i32>) -> i32 {
  if (row.w <= 0) { return -1; }
  let own = row.w - 1;
  return select(row.z + own - row.y, row.x + own, own < row.y);
}

fn writeInfo(row: u32, i: u32, position: i32, headDim: u32, stride: u32) {
  let half = headDim >> 1u;
  let base = row * stride;
  if (i == 0u) { work[base] = f32(slotOf(rows[row])); }
  let angle = u32(position) * headDim + i;
  work[base + 4u + i] = table[angle];
  work[base + 4u + half + i] = table[angle + half];
}

@compute @workgroup_size(64)
fn rowInfo(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let index = (wid.x + wid.y * grid.x) * 64u + lane;
  let half = infoParams.headDim >> 1u;
  if (index >= infoParams.rows * half) { return; }
  let row = index / half;
  let i = index % half;
  var at = row * infoParams.axisCount;
  if (infoParams.axisCount > 1u) { at += u32(axes[i]); }
  writeInfo(row, i, positions[at], infoParams.headDim, infoParams.stride);
}

@compute @workgroup_size(64)
fn embedRows(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let index = (wid.x + wid.y * grid.x) * 64u + lane;
  if (index >= params.rows * params.columns) { return; }
  let row = index / params.columns;
  let column = index % params.columns;
  if (column < (params.headDim >> 1u)) { writeInfo(row, column, positions[row], params.headDim, params.stride); }
  let id = u32(ids[row]);
  if (id < params.vocabulary) {
    hidden[index] = tableValue(id * params.columns + column);
  } else {
    hidden[index] = 0.0;
  }
}
