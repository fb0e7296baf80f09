// One AdamW step in place, one thread per element: decoupled weight decay, bias correction folded into stepSize and
// rootCorrection (torch.optim.AdamW). Bindings: 0 value, 1 m, 2 v, 3 gradient, 4 params.

struct Params {
  count: u32,
  gridX: u32,
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

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) wid: vec3<u32>, @builtin(local_invocation_index) t: u32) {
  let i = (wid.x + wid.y * params.gridX) * 256u + t;
  if (i >= params.count) { return; }
  let g = gradient[i] * params.gradientScale;
  let first = fma(g - m[i], params.oneMinusBeta1, m[i]);
  let second = fma(g * params.oneMinusBeta2, g, v[i] * params.beta2);
  m[i] = first;
  v[i] = second;
  let denominator = sqrt(second) / params.rootCorrection + params.epsilon;
  value[i] = fma(-params.stepSize, first / denominator, value[i] * params.keep);
}
