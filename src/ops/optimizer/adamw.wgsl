// One AdamW step in place for one or two parameters, one thread per element: decoupled weight decay, bias correction folded into
// stepSize and rootCorrection (torch.optim.AdamW). Bindings: 0 value, 1 m, 2 v, 3 gradient, for `two` the same of the second
// parameter at 4 to 7, then params. Two are what the smallest limit of storage buffers allows.

struct Params {
  /// Elements of the parameters.
  count: vec2<u32>,
  gradientScale: f32,
  keep: f32,           // 1 − learningRate·weightDecay
  oneMinusBeta1: f32,
  beta2: f32,
  oneMinusBeta2: f32,
  stepSize: f32,       // learningRate / (1 − beta1^step)
  rootCorrection: f32, // sqrt(1 − beta2^step)
  epsilon: f32,
}

@group(0) @binding(0) var<storage, read_write> value: array<f32>;
@group(0) @binding(1) var<storage, read_write> m: array<f32>;
@group(0) @binding(2) var<storage, read_write> v: array<f32>;
@group(0) @binding(3) var<storage, read> gradient: array<f32>;
@group(0) @binding(4) var<uniform> params: Params;

@group(0) @binding(4) var<storage, read_write> secondValue: array<f32>;
@group(0) @binding(5) var<storage, read_write> secondM: array<f32>;
@group(0) @binding(6) var<storage, read_write> secondV: array<f32>;
@group(0) @binding(7) var<storage, read> secondGradient: array<f32>;
@group(0) @binding(8) var<uniform> paramsOfTwo: Params;

/// Value, m and v of one element.
struct Element {
  value: f32,
  m: f32,
  v: f32,
}

fn stepped(before: Element, slope: f32, p: Params) -> Element {
  let g = slope * p.gradientScale;
  let first = fma(g - before.m, p.oneMinusBeta1, before.m);
  let second = fma(g * p.oneMinusBeta2, g, before.v * p.beta2);
  let denominator = sqrt(second) / p.rootCorrection + p.epsilon;
  return Element(fma(-p.stepSize, first / denominator, before.value * p.keep), first, second);
}

@compute @workgroup_size(256)
fn one(@builtin(workgroup_id) wid: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>, @builtin(local_invocation_index) t: u32) {
  let i = (wid.x + wid.y * grid.x) * 256u + t;
  if (i >= params.count.x) { return; }
  let after = stepped(Element(value[i], m[i], v[i]), gradient[i], params);
  value[i] = after.value;
  m[i] = after.m;
  v[i] = after.v;
}

@compute @workgroup_size(256)
fn two(@builtin(workgroup_id) wid: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>, @builtin(local_invocation_index) t: u32) {
  let i = (wid.x + wid.y * grid.x) * 256u + t;
  if (i >= paramsOfTwo.count[wid.z]) { return; }
  if (wid.z == 0u) {
    let after = stepped(Element(value[i], m[i], v[i]), gradient[i], paramsOfTwo);
    value[i] = after.value;
    m[i] = after.m;
    v[i] = after.v;
  } else {
    let after = stepped(Element(secondValue[i], secondM[i], secondV[i]), secondGradient[i], paramsOfTwo);
    secondValue[i] = after.value;
    secondM[i] = after.m;
    secondV[i] = after.v;
  }
}
