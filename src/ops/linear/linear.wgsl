// Products with rows of a weight matrix W: a part [N, K] in f32, f16 pairs, int8 or int4 (groups with a scale). Three entry points share the bindings:
//   fewRows     out [M, N] = scale·x·Wᵀ + bias + residual, M <= ROWS: 8 threads per column, W is read once for all rows
//   manyRows    the same for any M: square tiles in workgroup memory, 4x4 results per thread, W dequantised once per tile
//   transposed  out [M, K] = scale·dy·W, dy [M, N]
// Bindings: 0 x or dy, 1 W (words), 2 scales [N, K/groupSize], 3 bias [N], 4 residual [M, N], 5 out, 6 params. What a call does not
// have is stood in for by another read-only buffer and not read.
//
// Order of additions of x·Wᵀ, the same in every variant, tile and format, so that equal rows give equal bits wherever they are
// computed: K is cut in blocks of 32; lane l (0..7) takes the blocks b with b mod 8 = l in rising order, one fma per k; then
// the lanes are added from 0 to 7. A tile walks the blocks lane by lane and so needs two accumulators, not eight.
// Order of dy·W: blocks of 32 along N, one fma per n, each block's sum added to the total.

struct Params {
  m: u32,
  n: u32,
  k: u32,
  groupSize: u32,
  scale: f32,
  /// Rows of all of W, the width of a row of out (x·Wᵀ) or of dy; and the first of them that this part has.
  width: u32,
  first: u32,
  hasBias: u32,
  hasResidual: u32,
}

@group(0) @binding(0) var<storage, read> x: array<vec4<f32>>;
/// The same binding for `transposed`, whose rows may have any width.
@group(0) @binding(0) var<storage, read> dy: array<f32>;
@group(0) @binding(1) var<storage, read> weights: array<vec4<u32>>;
@group(0) @binding(2) var<storage, read> scales: array<f32>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read> residual: array<f32>;
@group(0) @binding(5) var<storage, read_write> out: array<f32>;
@group(0) @binding(6) var<uniform> params: Params;

/// 0 f32, 1 int8, 2 int4, 3 f16.
override FORMAT: u32 = 0u;
/// fewRows computes 1, 2, 4, 8 or 16 rows; those from params.m on are thrown away.
override ROWS: u32 = 1u;
/// Threads along one side of a tile, 8 or 16; a tile has 4·SIDE rows and columns.
override SIDE: u32 = 16u;

/// Four weights W[row][4·k4 ..], dequantised as f32(q)·scale.
fn weight4(row: u32, k4: u32) -> vec4<f32> {
  let index = row * (params.k >> 2u) + k4;
  if (FORMAT == 0u) {
    return bitcast<vec4<f32>>(weights[index]);
  }
  if (FORMAT == 3u) {
    let words = weights[index >> 1u];
    let pairs = select(words.xy, words.zw, (index & 1u) == 1u);
    return vec4<f32>(unpack2x16float(pairs.x), unpack2x16float(pairs.y));
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
  let at = row * params.width + params.first + column;
  var start = 0.0;
  if (params.hasBias != 0u) {
    start = bias[params.first + column];
  }
  var value = fma(total, params.scale, start);
  if (params.hasResidual != 0u) {
    value += residual[at];
  }
  out[at] = value;
}

// ---- few rows ------------------------------------------------------------------------------------------------------------

// The lanes' sums of at most four rows at a time: little workgroup memory leaves room for more workgroups.
var<workgroup> partial: array<f32, 256u * min(ROWS, 4u)>;

/// Adds x[first + 0..3][4·k4 ..]·w to four rows' sums. Rows from params.m on repeat the last one.
fn addRows(first: u32, k4: u32, w: vec4<f32>, sums: vec4<f32>) -> vec4<f32> {
  let quads = params.k >> 2u;
  let last = params.m - 1u;
  let a = x[min(first, last) * quads + k4];
  var b = a;
  var c = a;
  var d = a;
  if (ROWS > 1u) { b = x[min(first + 1u, last) * quads + k4]; }
  if (ROWS > 2u) {
    c = x[min(first + 2u, last) * quads + k4];
    d = x[min(first + 3u, last) * quads + k4];
  }
  var result = fma(vec4<f32>(a.x, b.x, c.x, d.x), vec4<f32>(w.x), sums);
  result = fma(vec4<f32>(a.y, b.y, c.y, d.y), vec4<f32>(w.y), result);
  result = fma(vec4<f32>(a.z, b.z, c.z, d.z), vec4<f32>(w.z), result);
  return fma(vec4<f32>(a.w, b.w, c.w, d.w), vec4<f32>(w.w), result);
}

/// Adds the eight lanes' sums of rows first + 0..3 and writes the results of 32 columns.
fn finishRows(first: u32, firstColumn: u32, local: u32, sums: vec4<f32>) {
  partial[local] = sums.x;
  if (ROWS > 1u) { partial[256u + local] = sums.y; }
  if (ROWS > 2u) {
    partial[512u + local] = sums.z;
    partial[768u + local] = sums.w;
  }
  workgroupBarrier();
  let row = local >> 5u;
  let column = firstColumn + (local & 31u);
  if (row < min(ROWS, 4u) && first + row < params.m && column < params.n) {
    let lanes = row * 256u + (local & 31u) * 8u;
    var total = 0.0;
    for (var lane = 0u; lane < 8u; lane++) {
      total += partial[lanes + lane];
    }
    finish(total, first + row, column);
  }
  workgroupBarrier();
}

@compute @workgroup_size(256)
fn fewRows(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) grid: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let firstColumn = (group.x + group.y * grid.x) * 32u;
  let column = firstColumn + (local >> 3u);
  let lane = local & 7u;
  var sum0 = vec4<f32>();
  var sum1 = vec4<f32>();
  var sum2 = vec4<f32>();
  var sum3 = vec4<f32>();
  if (column < params.n) {
    let quads = params.k >> 2u;
    for (var block = lane; block * 8u < quads; block += 8u) {
      let end = min(block * 8u + 8u, quads);
      for (var k4 = block * 8u; k4 < end; k4++) {
        let w = weight4(column, k4);
        sum0 = addRows(0u, k4, w, sum0);
        if (ROWS > 4u) { sum1 = addRows(4u, k4, w, sum1); }
        if (ROWS > 8u) {
          sum2 = addRows(8u, k4, w, sum2);
          sum3 = addRows(12u, k4, w, sum3);
        }
      }
    }
  }
  finishRows(0u, firstColumn, local, sum0);
  if (ROWS > 4u) { finishRows(4u, firstColumn, local, sum1); }
  if (ROWS > 8u) {
    finishRows(8u, firstColumn, local, sum2);
    finishRows(12u, firstColumn, local, sum3);
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

/// x[row][4·k4 ..], zero outside.
fn x4(row: u32, k4: u32) -> vec4<f32> {
  let quads = params.k >> 2u;
  if (row < params.m && k4 < quads) {
    return x[row * quads + k4];
  }
  return vec4<f32>();
}

/// dy[row][first ..], zero outside.
fn dy4(row: u32, first: u32) -> vec4<f32> {
  var values = vec4<f32>();
  if (row < params.m) {
    let at = row * params.width + params.first + first;
    if (first < params.n) { values.x = dy[at]; }
    if (first + 1u < params.n) { values.y = dy[at + 1u]; }
    if (first + 2u < params.n) { values.z = dy[at + 2u]; }
    if (first + 3u < params.n) { values.w = dy[at + 3u]; }
  }
  return values;
}

fn boundedWeight4(row: u32, k4: u32) -> vec4<f32> {
  if (row < params.n && (k4 << 2u) < params.k) {
    return weight4(row, k4);
  }
  return vec4<f32>();
}

/// Stores a 4x4 block, given as four rows of four steps, with the steps as rows.
fn storeLeft(step4: u32, quad: u32, rows: mat4x4<f32>) {
  let steps = transpose(rows);
  for (var i = 0u; i < 4u; i++) {
    left[slot(step4 * 4u + i, quad)] = steps[i];
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
  var total0 = vec4<f32>();
  var total1 = vec4<f32>();
  var total2 = vec4<f32>();
  var total3 = vec4<f32>();
  for (var lane = 0u; lane < 8u; lane++) {
    var sum0 = vec4<f32>();
    var sum1 = vec4<f32>();
    var sum2 = vec4<f32>();
    var sum3 = vec4<f32>();
    for (var block = lane; block < blocks; block += 8u) {
      let firstStep = block * 32u;
      for (var item = local; item < SIDE * 8u; item += SIDE * SIDE) {
        let step4 = item & 7u;
        let quad = item >> 3u;
        let row = firstRow + quad * 4u;
        let column = firstColumn + quad * 4u;
        let k4 = (firstStep >> 2u) + step4;
        storeLeft(step4, quad, mat4x4<f32>(x4(row, k4), x4(row + 1u, k4), x4(row + 2u, k4), x4(row + 3u, k4)));
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
        sum0 = fma(vec4<f32>(a.x), b, sum0);
        sum1 = fma(vec4<f32>(a.y), b, sum1);
        sum2 = fma(vec4<f32>(a.z), b, sum2);
        sum3 = fma(vec4<f32>(a.w), b, sum3);
      }
      workgroupBarrier();
    }
    total0 += sum0;
    total1 += sum1;
    total2 += sum2;
    total3 += sum3;
  }
  let total = mat4x4<f32>(total0, total1, total2, total3);
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

/// What the parts before this one have added up to in out [M, K], zero outside.
fn earlier4(row: u32, column: u32) -> vec4<f32> {
  var values = vec4<f32>();
  if (params.first > 0u && row < params.m && column < params.k) {
    for (var j = 0u; j < 4u; j++) {
      values[j] = out[row * params.k + column + j];
    }
  }
  return values;
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
  // Parts after the first one go on with the sums of those before, so the order is that of an undivided W.
  let firstOfThread = firstRow + thread.y * 4u;
  let quadOfThread = firstColumn + thread.x * 4u;
  var total0 = earlier4(firstOfThread, quadOfThread);
  var total1 = earlier4(firstOfThread + 1u, quadOfThread);
  var total2 = earlier4(firstOfThread + 2u, quadOfThread);
  var total3 = earlier4(firstOfThread + 3u, quadOfThread);
  for (var firstStep = 0u; firstStep < params.n; firstStep += 32u) {
    for (var item = local; item < SIDE * 8u; item += SIDE * SIDE) {
      let quad = item >> 3u;
      let row = firstRow + quad * 4u;
      let step = firstStep + (item & 7u) * 4u;
      storeLeft(item & 7u, quad, mat4x4<f32>(dy4(row, step), dy4(row + 1u, step), dy4(row + 2u, step), dy4(row + 3u, step)));
    }
    for (var item = local; item < SIDE * 32u; item += SIDE * SIDE) {
      let step = item / SIDE;
      let quad = item % SIDE;
      right[slot(step, quad)] = boundedWeight4(firstStep + step, (firstColumn >> 2u) + quad);
    }
    workgroupBarrier();
    var sum0 = vec4<f32>();
    var sum1 = vec4<f32>();
    var sum2 = vec4<f32>();
    var sum3 = vec4<f32>();
    let steps = min(32u, params.n - firstStep);
    for (var step = 0u; step < steps; step++) {
      let a = left[slot(step, thread.y)];
      let b = right[slot(step, thread.x)];
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
