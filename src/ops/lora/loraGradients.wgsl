// Gradients of the adapters of up to three projections in one dispatch: a job is a wide matrix Y [M, N] times a thin one U
// [M, r] out of `pairs`, Σ over rows m. dB [N, r] = s·dyᵀ·u has the projection's cotangent as Y, dA [r, K] = duᵀ·x has its
// input. A job adds to what is in its result, or replaces it. Fixed order, no atomics: lane l (0..7) takes the 32-row blocks b
// with b mod 8 = l in rising order, one fma per row, then lanes are added from 0 to 7.
// Bindings: 0..2 Y, 3 pairs [2, M, R], then 2, 3 or 4 results, params.

struct Job {
  /// N, and which of the three Y it is.
  width: u32,
  source: u32,
  rank: u32,
  /// First quad of U in pairs.
  first: u32,
  scale: f32,
  /// Whether the result is [r, N] instead of [N, r].
  isTransposed: u32,
  accumulate: u32,
  padding: u32,
}

struct Params {
  m: u32,
  /// Quads of a row of pairs.
  stride: u32,
  padding0: u32,
  padding1: u32,
  jobs: array<Job, 4>,
}

@group(0) @binding(0) var<storage, read> y0: array<f32>;
@group(0) @binding(1) var<storage, read> y1: array<f32>;
@group(0) @binding(2) var<storage, read> y2: array<f32>;
@group(0) @binding(3) var<storage, read> pairs: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read_write> result0: array<f32>;
@group(0) @binding(5) var<storage, read_write> result1: array<f32>;
@group(0) @binding(6) var<storage, read_write> result2: array<f32>;
@group(0) @binding(7) var<storage, read_write> result3: array<f32>;
@group(0) @binding(6) var<uniform> params2: Params;
@group(0) @binding(7) var<uniform> params3: Params;
@group(0) @binding(8) var<uniform> params4: Params;

/// Sums of [lane][half][column].
var<workgroup> partial: array<vec4<f32>, 512>;

fn yOf(source: u32, at: u32) -> f32 {
  if (source == 0u) { return y0[at]; }
  if (source == 1u) { return y1[at]; }
  return y2[at];
}

/// One result of the workgroup's 32 columns and 8 ranks, and where it goes; thread = lane * 32 + column while adding.
struct Sum {
  at: u32,
  isInside: bool,
  value: f32,
}

fn sumOf(job: Job, m: u32, stride: u32, wid: vec3<u32>, local: u32) -> Sum {
  let firstColumn = wid.x * 32u;
  let firstRank = wid.y * 8u;
  let column = min(firstColumn + local % 32u, job.width - 1u);
  let isWide = firstRank + 4u < job.rank;
  let u = job.first + (firstRank >> 2u);
  var low = vec4<f32>();
  var high = vec4<f32>();
  if (firstRank < job.rank) {
    for (var first = (local / 32u) * 32u; first < m; first += 256u) {
      let end = min(first + 32u, m);
      for (var row = first; row < end; row++) {
        let y = vec4<f32>(yOf(job.source, row * job.width + column));
        low = fma(y, pairs[u + row * stride], low);
        if (isWide) { high = fma(y, pairs[u + row * stride + 1u], high); }
      }
    }
  }
  let slot = (local / 32u) * 64u + local % 32u;
  partial[slot] = low;
  partial[slot + 32u] = high;
  workgroupBarrier();
  // Neighbouring threads write neighbouring numbers.
  let c = select(local / 8u, local % 32u, job.isTransposed != 0u);
  let r = select(local % 8u, local / 32u, job.isTransposed != 0u);
  var total = 0.0;
  for (var lane = 0u; lane < 8u; lane++) { total += partial[lane * 64u + (r / 4u) * 32u + c][r % 4u]; }
  let n = firstColumn + c;
  let k = firstRank + r;
  let at = select(n * job.rank + k, k * job.width + n, job.isTransposed != 0u);
  return Sum(at, n < job.width && k < job.rank, total * job.scale);
}

@compute @workgroup_size(256)
fn gradients2(@builtin(workgroup_id) wid: vec3<u32>, @builtin(local_invocation_index) local: u32) {
  let job = params2.jobs[wid.z];
  let sum = sumOf(job, params2.m, params2.stride, wid, local);
  if (!sum.isInside) { return; }
  if (wid.z == 0u) {
    result0[sum.at] = sum.value + select(0.0, result0[sum.at], job.accumulate != 0u);
  } else {
    result1[sum.at] = sum.value + select(0.0, result1[sum.at], job.accumulate != 0u);
  }
}

@compute @workgroup_size(256)
fn gradients3(@builtin(workgroup_id) wid: vec3<u32>, @builtin(local_invocation_index) local: u32) {
  let job = params3.jobs[wid.z];
  let sum = sumOf(job, params3.m, params3.stride, wid, local);
  if (!sum.isInside) { return; }
  if (wid.z == 0u) {
    result0[sum.at] = sum.value + select(0.0, result0[sum.at], job.accumulate != 0u);
  } else if (wid.z == 1u) {
    result1[sum.at] = sum.value + select(0.0, result1[sum.at], job.accumulate != 0u);
  } else {
    result2[sum.at] = sum.value + select(0.0, result2[sum.at], job.accumulate != 0u);
  }
}

@compute @workgroup_size(256)
fn gradients4(@builtin(workgroup_id) wid: vec3<u32>, @builtin(local_invocation_index) local: u32) {
  let job = params4.jobs[wid.z];
  let sum = sumOf(job, params4.m, params4.stride, wid, local);
  if (!sum.isInside) { return; }
  if (wid.z == 0u) {
    result0[sum.at] = sum.value + select(0.0, result0[sum.at], job.accumulate != 0u);
  } else if (wid.z == 1u) {
    result1[sum.at] = sum.value + select(0.0, result1[sum.at], job.accumulate != 0u);
  } else if (wid.z == 2u) {
    result2[sum.at] = sum.value + select(0.0, result2[sum.at], job.accumulate != 0u);
  } else {
    result3[sum.at] = sum.value + select(0.0, result3[sum.at], job.accumulate != 0u);
  }
}
