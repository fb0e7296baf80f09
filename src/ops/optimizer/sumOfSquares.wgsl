// Sum of squares in two passes of fixed order. `partial`: a workgroup of 256 threads adds a block of 4096 elements (thread t:
// t, t + 256, ... of the block). `total`: one workgroup adds the partial sums and writes slot params.slot.
// Bindings: 0 input, 1 output, 2 params.

struct Params { count: u32, gridX: u32, slot: u32 }

@group(0) @binding(0) var<storage, read> input: array<f32>;
@group(0) @binding(1) var<storage, read_write> output: array<f32>;
@group(0) @binding(2) var<uniform> params: Params;

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

@compute @workgroup_size(256)
fn partial(@builtin(workgroup_id) wid: vec3<u32>, @builtin(local_invocation_index) t: u32) {
  let part = wid.x + wid.y * params.gridX;
  if (part * block >= params.count) { return; }
  var sum = 0.0;
  for (var k = 0u; k < block; k += threads) {
    let i = part * block + k + t;
    if (i < params.count) { sum = fma(input[i], input[i], sum); }
  }
  let total = sumAll(sum, t);
  if (t == 0u) { output[part] = total; }
}

@compute @workgroup_size(256)
fn total(@builtin(local_invocation_index) t: u32) {
  var sum = 0.0;
  for (var i = t; i < params.count; i += threads) { sum += input[i]; }
  let all = sumAll(sum, t);
  if (t == 0u) { output[params.slot] = all; }
}
