// Products with a weight matrix W [N, K] in f32, int8 or int4 (groups with a scale). Three entry points share the bindings:
//   fewRows     out [M, N] = scale·x·Wᵀ + bias + residual, M <= ROWS: 8 threads per column, W is read once for all rows
//   manyRows    the same for any M: square tiles in workgroup memory, 4x4 results per thread, W dequantised once per tile
//   transposed  out [M, K] = scale·x·W, x [M, N]
// Bindings: 0 x, 1 W (words), 2 scales [N, K/groupSize], 3 bias [N], 4 residual [M, N], 5 out, 6 params. What a call does not
// have is stood in for by another read-only buffer and not read.
//
// Order of additions of x·Wᵀ, the same in every variant, tile and format, so that equal rows give equal bits wherever they are
// computed: K is cut in blocks of 32; lane l (0..7) takes the blocks b with b mod 8 = l in rising order, one fma per k; then
// the lanes are added from 0 to 7. A tile walks the blocks lane by lane and so needs two accumulators, not eight.
// Order of x·W: blocks of 32 along N, one fma per n, each block's sum added to the total.

struct Params {
  m: u32,
  n: u32,
  k: u32,
  groupSize: u32,
  scale: f32,
  hasBias: u32,
  hasResidual: u32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> weights: array<vec4<u32>>;
@group(0) @binding(2) var<storage, read> scales: array<f32>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read> residual: array<f32>;
@group(0) @binding(5) var<storage, read_write> out: array<f32>;
@group(0) @binding(6) var<uniform> params: Params;

/// 0 f32, 1 int8, 2 int4.
override FORMAT: u32 = 0u;
/// Rows of one fewRows call, at most 16.
override ROWS: u32 = 1u;
/// Threads along one side of a tile, 8 or 16; a tile has 4·SIDE rows and columns.
override SIDE: u32 = 16u;

/// Four weights W[row][4·k4 ..], dequantised as f32(q)·scale.
fn weight4(row: u32, k4: u32) -> vec4<f32> {
  let index = row * (params.k >> 2u) + k4;
  if (FORMAT == 0u) {
    return bitcast<vec4<f32>>(weights[index]);
  }
  let scale = scales[row * (params.k / params.groupSize) + (k4 << 2u) / params.groupSize];
  if (FORMAT == 1u) {
    let word = weights[index >> 2u][index & 3u];
    return vec4<f32>(unpack4xI8(word)) * scale;
  }
  let word = weights[index >> 3u][(index >> 1u) & 3u] >> ((index & 1u) * 16u);
  return (vec4<f32>(vec4<u32>(word, word >> 4u, word >> 8u, word >> 12u) & vec4<u32>(15u)) - 8.0) * scale;
}

/// The one epilogue of x·Wᵀ.
fn finish(total: f32, row: u32, column: u32) {
  let at = row * params.n + column;
  var start = 0.0;
  if (params.hasBias != 0u) {
    start = bias[column];
  }
  var value = fma(total, params.scale, start);
  if (params.hasResidual != 0u) {
    value += residual[at];
  }
  out[at] = value;
}

// ---- few rows ------------------------------------------------------------------------------------------------------------

var<workgroup> partial: array<f32, 256u * ROWS>;

@compute @workgroup_size(256)
fn fewRows(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) grid: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let firstColumn = (group.x + group.y * grid.x) * 32u;
  let column = firstColumn + (local >> 3u);
  let lane = local & 7u;
  var sums: array<f32, 16>;
  if (column < params.n) {
    let quads = params.k >> 2u;
    for (var block = lane; block * 8u < quads; block += 8u) {
      let end = min(block * 8u + 8u, quads);
      for (var k4 = block * 8u; k4 < end; k4++) {
        let w = weight4(column, k4);
        for (var row = 0u; row < ROWS; row++) {
          let at = row * params.k + (k4 << 2u);
          var sum = fma(x[at], w.x, sums[row]);
          sum = fma(x[at + 1u], w.y, sum);
          sum = fma(x[at + 2u], w.z, sum);
          sums[row] = fma(x[at + 3u], w.w, sum);
        }
      }
    }
  }
  for (var row = 0u; row < ROWS; row++) {
    partial[row * 256u + local] = sums[row];
  }
  workgroupBarrier();
  for (var index = local; index < ROWS * 32u; index += 256u) {
    let target_ = firstColumn + (index & 31u);
    if (target_ < params.n) {
      let first = (index >> 5u) * 256u + (index & 31u) * 8u;
      var total = 0.0;
      for (var l = 0u; l < 8u; l++) {
        total += partial[first + l];
      }
      finish(total, index >> 5u, target_);
    }
  }
}

// ---- tiles ---------------------------------------------------------------------------------------------------------------
// A tile holds 32 reduction steps; element [step][quad] is four neighbouring rows (or columns) of the result. The quad is
// stored at quad ^ (step/4), which spreads the transposing stores over the memory banks.

var<workgroup> left: array<vec4<f32>, 32u * SIDE>;
var<workgroup> right: array<vec4<f32>, 32u * SIDE>;

fn slot(step: u32, quad: u32) -> u32 {
  return step * SIDE + (quad ^ (step >> 2u));
}

/// x[row][first .. first+3], zero outside [0, m) x [0, width).
fn x4(row: u32, first: u32, width: u32) -> vec4<f32> {
  var values = vec4<f32>();
  if (row < params.m) {
    let at = row * width + first;
    if (first < width) { values.x = x[at]; }
    if (first + 1u < width) { values.y = x[at + 1u]; }
    if (first + 2u < width) { values.z = x[at + 2u]; }
    if (first + 3u < width) { values.w = x[at + 3u]; }
  }
  return values;
}

fn boundedWeight4(row: u32, k4: u32) -> vec4<f32> {
  if (row < params.n && (k4 << 2u) < params.k) {
    return weight4(row, k4);
  }
  return vec4<f32>();
}

/// Loads rows firstRow.. of x, steps firstStep.. of its width, into `left`.
fn loadLeft(firstRow: u32, firstStep: u32, width: u32, local: u32) {
  for (var item = local; item < SIDE * 8u; item += SIDE * SIDE) {
    let step4 = item & 7u;
    let quad = item >> 3u;
    let row = firstRow + quad * 4u;
    let step = firstStep + step4 * 4u;
    let block = transpose(mat4x4<f32>(x4(row, step, width), x4(row + 1u, step, width), x4(row + 2u, step, width), x4(row + 3u, step, width)));
    for (var i = 0u; i < 4u; i++) {
      left[slot(step4 * 4u + i, quad)] = block[i];
    }
  }
}

@compute @workgroup_size(SIDE, SIDE)
fn manyRows(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) grid: vec3<u32>,
  @builtin(local_invocation_id) thread: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let tile = group.x + group.y * grid.x;
  let tilesDown = (params.m + SIDE * 4u - 1u) / (SIDE * 4u);
  let firstRow = (tile % tilesDown) * SIDE * 4u;
  let firstColumn = (tile / tilesDown) * SIDE * 4u;
  let blocks = (params.k + 31u) / 32u;
  var total: array<vec4<f32>, 4>;
  for (var lane = 0u; lane < 8u; lane++) {
    var sums: array<vec4<f32>, 4>;
    for (var block = lane; block < blocks; block += 8u) {
      let firstStep = block * 32u;
      loadLeft(firstRow, firstStep, params.k, local);
      for (var item = local; item < SIDE * 8u; item += SIDE * SIDE) {
        let step4 = item & 7u;
        let quad = item >> 3u;
        let column = firstColumn + quad * 4u;
        let k4 = (firstStep >> 2u) + step4;
        let w = transpose(mat4x4<f32>(boundedWeight4(column, k4), boundedWeight4(column + 1u, k4), boundedWeight4(column + 2u, k4), boundedWeight4(column + 3u, k4)));
        for (var i = 0u; i < 4u; i++) {
          right[slot(step4 * 4u + i, quad)] = w[i];
        }
      }
      workgroupBarrier();
      let steps = min(32u, params.k - firstStep);
      for (var step = 0u; step < steps; step++) {
        let a = left[slot(step, thread.y)];
        let b = right[slot(step, thread.x)];
        sums[0] = fma(vec4<f32>(a.x), b, sums[0]);
        sums[1] = fma(vec4<f32>(a.y), b, sums[1]);
        sums[2] = fma(vec4<f32>(a.z), b, sums[2]);
        sums[3] = fma(vec4<f32>(a.w), b, sums[3]);
      }
      workgroupBarrier();
    }
    total[0] += sums[0];
    total[1] += sums[1];
    total[2] += sums[2];
    total[3] += sums[3];
  }
  for (var i = 0u; i < 4u; i++) {
    let row = firstRow + thread.y * 4u + i;
    if (row < params.m) {
      for (var j = 0u; j < 4u; j++) {
        let column = firstColumn + thread.x * 4u + j;
        if (column < params.n) {
          finish(total[i][j], row, column);
        }
      }
    }
  }
}

@compute @workgroup_size(SIDE, SIDE)
fn transposed(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) grid: vec3<u32>,
  @builtin(local_invocation_id) thread: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let tile = group.x + group.y * grid.x;
  let tilesDown = (params.m + SIDE * 4u - 1u) / (SIDE * 4u);
  let firstRow = (tile % tilesDown) * SIDE * 4u;
  let firstColumn = (tile / tilesDown) * SIDE * 4u;
  var total: array<vec4<f32>, 4>;
  for (var firstStep = 0u; firstStep < params.n; firstStep += 32u) {
    loadLeft(firstRow, firstStep, params.n, local);
    for (var item = local; item < SIDE * 32u; item += SIDE * SIDE) {
      let step = item / SIDE;
      let quad = item % SIDE;
      right[slot(step, quad)] = boundedWeight4(firstStep + step, (firstColumn >> 2u) + quad);
    }
    workgroupBarrier();
    var sums: array<vec4<f32>, 4>;
    let steps = min(32u, params.n - firstStep);
    for (var step = 0u; step < steps; step++) {
      let a = left[slot(step, thread.y)];
      let b = right[slot(step, thread.x)];
      sums[0] = fma(vec4<f32>(a.x), b, sums[0]);
      sums[1] = fma(vec4<f32>(a.y), b, sums[1]);
      sums[2] = fma(vec4<f32>(a.z), b, sums[2]);
      sums[3] = fma(vec4<f32>(a.w), b, sums[3]);
    }
    total[0] += sums[0];
    total[1] += sums[1];
    total[2] += sums[2];
    total[3] += sums[3];
    workgroupBarrier();
  }
  for (var i = 0u; i < 4u; i++) {
    let row = firstRow + thread.y * 4u + i;
    if (row < params.m) {
      for (var j = 0u; j < 4u; j++) {
        let column = firstColumn + thread.x * 4u + j;
        if (column < params.k) {
          out[row * params.k + column] = total[i][j] * params.scale;
        }
      }
    }
  }
}
