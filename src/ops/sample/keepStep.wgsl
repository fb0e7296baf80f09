// Keeps what a decoding step measured: one row of `kept` per rollout and step, so that several steps are read back at once.
// kept [steps, batch, valueCount + 3·width] = [values | topIds | topLogp | topOther] as words; `step` counts the steps taken so far.
// Bindings: 0 step [1], 1 values [batch, valueCount], 2 topIds, 3 topLogp, 4 topOther [batch, topStride] (the first `width` of a
// row are kept), 5 kept, 6 params. A thread per word.

struct Params { batch: u32, valueCount: u32, width: u32, topStride: u32, steps: u32 }

@group(0) @binding(0) var<storage, read> step_: array<i32>;
@group(0) @binding(1) var<storage, read> values: array<u32>;
@group(0) @binding(2) var<storage, read> topIds: array<u32>;
@group(0) @binding(3) var<storage, read> topLogp: array<u32>;
@group(0) @binding(4) var<storage, read> topOther: array<u32>;
@group(0) @binding(5) var<storage, read_write> kept: array<u32>;
@group(0) @binding(6) var<uniform> params: Params;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let index = (wid.x + wid.y * grid.x) * 64u + lane;
  let rowWidth = params.valueCount + 3u * params.width;
  let now = u32(max(step_[0], 1)) - 1u;
  if (index >= params.batch * rowWidth || now >= params.steps) { return; }
  let row = index / rowWidth;
  let column = index % rowWidth;
  var word = 0u;
  if (column < params.valueCount) {
    word = values[row * params.valueCount + column];
  } else {
    let top = column - params.valueCount;
    let at = row * params.topStride + top % params.width;
    switch (top / params.width) {
      case 0u: { word = topIds[at]; }
      case 1u: { word = topLogp[at]; }
      default: { word = topOther[at]; }
    }
  }
  kept[(now * params.batch) * rowWidth + index] = word;
}
