// Sums over the rows m of activations, the gradients of a weight matrix and of a bias. Fixed order, no atomics.
//   weightGradient  partial [C, N, K] = dyᵀ·x over each chunk of 512 rows; 32-row blocks, one fma per row, blocks added in order
//   sumChunks       out [N·K] = the C partial sums added in order (each is scaled already)
//   columnSum       out [N]: lane l (0..7) adds the 32-row blocks b with b mod 8 = l, then lanes are added from 0 to 7
// Bindings: weightGradient 0 dy [M, N], 1 x [M, K], 2 partial; sumChunks 0 partial, 1 out; columnSum 0 dy, 1 out; then params.

struct Params {
  m: u32,
  n: u32,
  k: u32,
  scale: f32,
}

@group(0) @binding(0) var<storage, read> dy: array<f32>;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> gradient: array<f32>;
@group(0) @binding(3) var<uniform> gradientParams: Params;

@group(0) @binding(1) var<storage, read_write> out: array<f32>;
@group(0) @binding(2) var<uniform> params: Params;

const chunkRows = 512u;
/// Threads along one side of a tile of 4·SIDE x 4·SIDE results.
override SIDE: u32 = 8u;

var<workgroup> left: array<vec4<f32>, 32u * SIDE>;
var<workgroup> right: array<vec4<f32>, 32u * SIDE>;

fn dy4(row: u32, first: u32, width: u32) -> vec4<f32> {
  var values = vec4<f32>();
  let at = row * width + first;
  if (first < width) { values.x = dy[at]; }
  if (first + 1u < width) { values.y = dy[at + 1u]; }
  if (first + 2u < width) { values.z = dy[at + 2u]; }
  if (first + 3u < width) { values.w = dy[at + 3u]; }
  return values;
}

fn x4(row: u32, first: u32, width: u32) -> vec4<f32> {
  var values = vec4<f32>();
  let at = row * width + first;
  if (first < width) { values.x = x[at]; }
  if (first + 1u < width) { values.y = x[at + 1u]; }
  if (first + 2u < width) { values.z = x[at + 2u]; }
  if (first + 3u < width) { values.w = x[at + 3u]; }
  return values;
}

@compute @workgroup_size(SIDE, SIDE)
fn weightGradient(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) grid: vec3<u32>,
  @builtin(local_invocation_id) thread: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let m = gradientParams.m;
  let n = gradientParams.n;
  let k = gradientParams.k;
  let tile = group.x + group.y * grid.x;
  let tilesDown = (n + SIDE * 4u - 1u) / (SIDE * 4u);
  let firstRow = (tile % tilesDown) * SIDE * 4u;
  let firstColumn = (tile / tilesDown) * SIDE * 4u;
  let chunkEnd = min(m, (group.z + 1u) * chunkRows);
  var total0 = vec4<f32>();
  var total1 = vec4<f32>();
  var total2 = vec4<f32>();
  var total3 = vec4<f32>();
  for (var firstStep = group.z * chunkRows; firstStep < chunkEnd; firstStep += 32u) {
    let steps = min(32u, chunkEnd - firstStep);
    for (var item = local; item < SIDE * steps; item += SIDE * SIDE) {
      let step = item / SIDE;
      let quad = item % SIDE;
      left[item] = dy4(firstStep + step, firstRow + quad * 4u, n);
      right[item] = x4(firstStep + step, firstColumn + quad * 4u, k);
    }
    workgroupBarrier();
    var sum0 = vec4<f32>();
    var sum1 = vec4<f32>();
    var sum2 = vec4<f32>();
    var sum3 = vec4<f32>();
    for (var step = 0u; step < steps; step++) {
      let a = left[step * SIDE + thread.y];
      let b = right[step * SIDE + thread.x];
      sum0 = fma(vec4<f32>(a.x), b, sum0);
      sum1 = fma(vec4<f32>(a.y), b, sum1);
      sum2 = fma(vec4<f32>(a.z), b, sum2);
      sum3 = fma(vec4<f32>(a.w), b, sum3);
    }
    total0 += sum0;
    total1 += sum1;
    total2 += sum2;
    total3 += sum3;
    workgroupBarrier();
  }
  let total = mat4x4<f32>(total0, total1, total2, total3);
  for (var i = 0u; i < 4u; i++) {
    let row = firstRow + thread.y * 4u + i;
    if (row < n) {
      for (var j = 0u; j < 4u; j++) {
        let column = firstColumn + thread.x * 4u + j;
        if (column < k) {
          gradient[(group.z * n + row) * k + column] = total[i][j] * gradientParams.scale;
        }
      }
    }
  }
}

/// params: m = number of chunks, n = elements of one.
@compute @workgroup_size(64)
fn sumChunks(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) grid: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let index = (group.x + group.y * grid.x) * 64u + local;
  if (index < params.n) {
    var total = 0.0;
    for (var chunk = 0u; chunk < params.m; chunk++) {
      total += dy[chunk * params.n + index];
    }
    out[index] = total;
  }
}

var<workgroup> lanes: array<f32, 256>;

@compute @workgroup_size(256)
fn columnSum(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) grid: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let column = (group.x + group.y * grid.x) * 32u + (local & 31u);
  var sum = 0.0;
  if (column < params.n) {
    for (var first = (local >> 5u) * 32u; first < params.m; first += 256u) {
      let end = min(params.m, first + 32u);
      for (var row = first; row < end; row++) {
        sum += dy[row * params.n + column];
      }
    }
  }
  lanes[local] = sum;
  workgroupBarrier();
  if (local < 32u && column < params.n) {
    var total = 0.0;
    for (var lane = 0u; lane < 8u; lane++) {
      total += lanes[lane * 32u + local];
    }
    out[column] = total;
  }
}
