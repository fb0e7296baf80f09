// SwiGLU and both forms of GELU with their gradients, one thread per element. Entry points share binding numbers, not buffers.
// exp is only taken of numbers <= 0, so nothing overflows: σ(z) = 1/(1 + e^-|z|), mirrored for z < 0.

struct Params { size: u32 }

// swiglu: gate, up -> out
@group(0) @binding(0) var<storage, read> gate: array<f32>;
@group(0) @binding(1) var<storage, read> up: array<f32>;
@group(0) @binding(2) var<storage, read_write> swigluOut: array<f32>;
@group(0) @binding(3) var<uniform> swigluParams: Params;
// swigluGradient: gate, up, dy -> dgate, dup
@group(0) @binding(2) var<storage, read> swigluDy: array<f32>;
@group(0) @binding(3) var<storage, read_write> dgate: array<f32>;
@group(0) @binding(4) var<storage, read_write> dup: array<f32>;
@group(0) @binding(5) var<uniform> swigluGradientParams: Params;
// gelu and geluErf: x -> out
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> geluOut: array<f32>;
@group(0) @binding(2) var<uniform> geluParams: Params;
// geluGradient and geluErfGradient: x, dy -> dx
@group(0) @binding(1) var<storage, read> geluDy: array<f32>;
@group(0) @binding(2) var<storage, read_write> dx: array<f32>;
@group(0) @binding(3) var<uniform> geluGradientParams: Params;

const doubleRoot = 1.5957691216057308; // 2·√(2/π)
const cubic = 0.044715;

fn logistic(z: f32) -> f32 {
  let e = exp(-abs(z));
  return select(1.0, e, z < 0.0) / (1.0 + e);
}

/** 2u of tanh-GELU; beyond ±30 the logistic function is 0 or 1 in f32, and x³ could overflow. */
fn doubleU(v: f32) -> f32 {
  let clamped = clamp(v, -30.0, 30.0);
  return doubleRoot * fma(cubic * clamped * clamped, clamped, clamped);
}

fn indexOf(wid: vec3u, grid: vec3u, lane: u32) -> u32 {
  return (wid.x + wid.y * grid.x) * 64u + lane;
}

@compute @workgroup_size(64)
fn swiglu(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = indexOf(wid, grid, lane);
  if (i >= swigluParams.size) { return; }
  swigluOut[i] = gate[i] * logistic(gate[i]) * up[i];
}

@compute @workgroup_size(64)
fn swigluGradient(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = indexOf(wid, grid, lane);
  if (i >= swigluGradientParams.size) { return; }
  let s = logistic(gate[i]);
  let silu = gate[i] * s;
  dgate[i] = swigluDy[i] * up[i] * fma(silu, 1.0 - s, s);
  dup[i] = swigluDy[i] * silu;
}

@compute @workgroup_size(64)
fn gelu(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = indexOf(wid, grid, lane);
  if (i >= geluParams.size) { return; }
  geluOut[i] = x[i] * logistic(doubleU(x[i]));
}

@compute @workgroup_size(64)
fn geluGradient(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = indexOf(wid, grid, lane);
  if (i >= geluGradientParams.size) { return; }
  let clamped = clamp(x[i], -30.0, 30.0);
  let s = logistic(doubleU(x[i]));
  let slope = doubleRoot * fma(3.0 * cubic * clamped, clamped, 1.0);
  dx[i] = geluDy[i] * fma(clamped * slope, s * (1.0 - s), s);
}

/** Exponent r of erfc(t) = e^r for t > 0.927 (N. Juffa's single-precision erff); at t = 10 the exponential is 0 in f32. */
fn complementExponent(t: f32) -> f32 {
  let s = t * t;
  var r = fma(-1.72853470e-5, t, 3.83197126e-4);
  r = fma(r, s, fma(-3.88396438e-3, t, 2.42546219e-2));
  r = fma(r, t, -1.06777877e-1);
  r = fma(r, t, -6.34846687e-1);
  r = fma(r, t, -1.28717512e-1);
  return fma(r, t, -t);
}

/** Φ(v) = (1 + erf(v/√2))/2, without the cancellation of 1 + erf for v < 0. */
fn normalCdf(v: f32) -> f32 {
  let z = clamp(v * 0.70710678, -10.0, 10.0);
  if (abs(z) > 0.927734375) {
    let complement = 0.5 * exp(complementExponent(abs(z)));
    return select(1.0 - complement, complement, z < 0.0);
  }
  let s = z * z;
  var r = fma(-5.96761703e-4, s, 4.99119423e-3);
  r = fma(r, s, -2.67681349e-2);
  r = fma(r, s, 1.12819925e-1);
  r = fma(r, s, -3.76125336e-1);
  r = fma(r, s, 1.28379166e-1);
  return fma(0.5, fma(r, z, z), 0.5);
}

@compute @workgroup_size(64)
fn geluErf(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = indexOf(wid, grid, lane);
  if (i >= geluParams.size) { return; }
  geluOut[i] = x[i] * normalCdf(x[i]);
}

@compute @workgroup_size(64)
fn geluErfGradient(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = indexOf(wid, grid, lane);
  if (i >= geluGradientParams.size) { return; }
  let clamped = clamp(x[i], -15.0, 15.0);
  // Φ + x·φ; φ(v) = e^(−v²/2)/√(2π).
  dx[i] = geluDy[i] * fma(clamped * 0.3989422804, exp(-0.5 * clamped * clamped), normalCdf(x[i]));
}
