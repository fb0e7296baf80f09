// RMSNorm of every query and key head and then their rotation, in place: the families that normalise heads (Qwen3) run it after
// queryKeyValue.wgsl, which leaves both as they were projected. A workgroup of 32 per row and head, added up as in norm.wgsl.
// Bindings: 0 work [M, stride] (rows.ts), 1 k [size, keyHeads·headDim], 2 and 3 the weights of both norms [headDim], 4 params.

struct Params { rows: u32, heads: u32, keyHeads: u32, headDim: u32, stride: u32, qFirst: u32, size: u32, epsilon: f32 }

@group(0) @binding(0) var<storage, read_write> work: array<f32>;
@group(0) @binding(1) var<storage, read_write> keys: array<f32>;
@group(0) @binding(2) var<storage, read> queryNorm: array<f32>;
@group(0) @binding(3) var<storage, read> keyNorm: array<f32>;
@group(0) @binding(4) var<uniform> params: Params;

const lanes = 32u;

var<workgroup> partial: array<f32, lanes>;

fn valueAt(isKey: bool, at: u32) -> f32 {
  if (isKey) { return keys[at]; }
  return work[at];
}

fn store(isKey: bool, at: u32, value: f32) {
  if (isKey) { keys[at] = value; } else { work[at] = value; }
}

fn unitAt(isKey: bool, start: u32, i: u32, inverse: f32) -> f32 {
  var weight = queryNorm[i];
  if (isKey) { weight = keyNorm[i]; }
  return fma(valueAt(isKey, start + i) * inverse, weight, 0.0);
}

@compute @workgroup_size(lanes)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let item = wid.x + wid.y * grid.x;
  let perRow = params.heads + params.keyHeads;
  if (item >= params.rows * perRow) { return; }
  let base = (item / perRow) * params.stride;
  let head = item % perRow;
  let isKey = head >= params.heads;
  let slot = i32(work[base]);
  // Rows without a slot go along to the barrier and write nothing.
  let isWritten = !isKey || (slot >= 0 && u32(slot) < params.size);
  let start = select(
    base + params.qFirst + head * params.headDim,
    (u32(max(slot, 0)) * params.keyHeads + head - params.heads) * params.headDim,
    isKey,
  );
  var squares = 0.0;
  for (var i = lane; i < params.headDim; i += lanes) {
    let value = valueAt(isKey, start + i);
    squares = fma(value, value, squares);
  }
  partial[lane] = squares;
  workgroupBarrier();
  var total = partial[0];
  for (var i = 1u; i < lanes; i++) { total += partial[i]; }
  let inverse = 1.0 / sqrt(total / f32(params.headDim) + params.epsilon);
  let half = params.headDim >> 1u;
  for (var i = lane; i < half && isWritten; i += lanes) {
    let low = unitAt(isKey, start, i, inverse);
    let high = unitAt(isKey, start, i + half, inverse);
    let cosine = work[base + 4u + i];
    let sine = work[base + 4u + half + i];
    store(isKey, start + i, fma(low, cosine, -(high * sine)));
    store(isKey, start + i + half, fma(high, cosine, low * sine));
  }
}
