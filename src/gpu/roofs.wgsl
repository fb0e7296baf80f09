// What the adapter can do at most, by two loops that do nothing else: `copy` moves bytes, `multiply` does fused multiply-adds.

@group(0) @binding(0) var<storage, read> source: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> result: array<vec4<f32>>;

struct Params {
  count: u32,
  rounds: u32,
}
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(256)
fn copy(@builtin(workgroup_id) wid: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let i = (wid.x + wid.y * grid.x) * 256u + lane;
  if (i < params.count) {
    result[i] = source[i];
  }
}

@compute @workgroup_size(256)
fn multiply(@builtin(workgroup_id) wid: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let i = (wid.x + wid.y * grid.x) * 256u + lane;
  if (i >= params.count) {
    return;
  }
  // Factors that the compiler does not know, near a fixed point, so that nothing overflows however many rounds there are.
  let a = source[i] * 1e-3 + vec4<f32>(0.5);
  let b = source[i] * 1e-3 + vec4<f32>(0.25);
  // Eight chains that do not wait for each other.
  var x0 = a;
  var x1 = b;
  var x2 = a + b;
  var x3 = a - b;
  var x4 = a * b;
  var x5 = a + a;
  var x6 = b + b;
  var x7 = a * a;
  for (var r = 0u; r < params.rounds; r++) {
    x0 = fma(x0, a, b);
    x1 = fma(x1, a, b);
    x2 = fma(x2, a, b);
    x3 = fma(x3, a, b);
    x4 = fma(x4, a, b);
    x5 = fma(x5, a, b);
    x6 = fma(x6, a, b);
    x7 = fma(x7, a, b);
  }
  result[i] = x0 + x1 + x2 + x3 + x4 + x5 + x6 + x7;
}
