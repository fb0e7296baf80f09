// Sums of squares of up to seven tensors in two passes of fixed order. `partial`: a workgroup of 256 threads adds a block of
// 4096 elements of one tensor (thread t: t, t + 256, ... of the block). `total`: a workgroup per tensor adds its partial sums
// and writes its slot. Bindings: partial 0..6 tensors, 7 partial sums; total 0 partial sums, 1 output; then params.

struct Tensor {
  count: u32,
  /// First partial sum, and how many there are.
  first: u32,
  parts: u32,
  slot: u32,
}

struct Params { tensors: array<Tensor, 7> }

@group(0) @binding(0) var<storage, read> input0: array<f32>;
@group(0) @binding(1) var<storage, read> input1: array<f32>;
@group(0) @binding(2) var<storage, read> input2: array<f32>;
@group(0) @binding(3) var<storage, read> input3: array<f32>;
@group(0) @binding(4) var<storage, read> input4: array<f32>;
@group(0) @binding(5) var<storage, read> input5: array<f32>;
@group(0) @binding(6) var<storage, read> input6: array<f32>;
@group(0) @binding(7) var<storage, read_write> partialSums: array<f32>;
@group(0) @binding(8) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> sums: array<f32>;
@group(0) @binding(2) var<uniform> totalParams: Params;

const threads = 256u;
const groups = 16u;
const block = 4096u;

var<workgroup> many: array<f32, 256>;
var<workgroup> few: array<f32, 16>;

fn sumAll(value: f32, t: u32) -> f32 {
  many[t] = value;
  workgroupBarrier();
  if (t < groups) {
    var sum = many[t * groups];
    for (var k = 1u; k < groups; k++) { sum += many[t * groups + k]; }
    few[t] = sum;
  }
  workgroupBarrier();
  var sum = few[0];
  for (var k = 1u; k < groups; k++) { sum += few[k]; }
  return sum;
}

fn element(source: u32, at: u32) -> f32 {
  switch (source) {
    case 0u: { return input0[at]; }
    case 1u: { return input1[at]; }
    case 2u: { return input2[at]; }
    case 3u: { return input3[at]; }
    case 4u: { return input4[at]; }
    case 5u: { return input5[at]; }
    default: { return input6[at]; }
  }
}

@compute @workgroup_size(256)
fn partial(@builtin(workgroup_id) wid: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>, @builtin(local_invocation_index) t: u32) {
  let part = wid.x + wid.y * grid.x;
  let own = params.tensors[wid.z];
  if (part >= own.parts) { return; }
  var sum = 0.0;
  for (var k = 0u; k < block; k += threads) {
    let i = part * block + k + t;
    if (i < own.count) {
      let x = element(wid.z, i);
      sum = fma(x, x, sum);
    }
  }
  let total = sumAll(sum, t);
  if (t == 0u) { partialSums[own.first + part] = total; }
}

@compute @workgroup_size(256)
fn total(@builtin(workgroup_id) wid: vec3<u32>, @builtin(local_invocation_index) t: u32) {
  let own = totalParams.tensors[wid.x];
  var sum = 0.0;
  for (var i = t; i < own.parts; i += threads) {
    sum += input0[own.first + i];
  }
  let all = sumAll(sum, t);
  if (t == 0u) { sums[own.slot] = all; }
}
