// x·Wᵀ: the loops that every frame shares (see `weights.wgsl`), after `rowNorm.wgsl`, `lanes.wgsl` and `tile.wgsl`. Two entry points:
//   fewRows   M <= ROWS: 8 threads per column, W is read once for all rows
//   manyRows  any M: square tiles in workgroup memory, 4x4 results per thread, W dequantised once per tile
// A piece before this one says where adapters' t = x·Aᵀ comes from: `adapterOutside.wgsl`, or for fewRows `adapterInside.wgsl`.
// A frame adds to what `weights.wgsl` needs: params.m, params.epsilon, x, place(tile, width), which sets firstColumn; isColumn(column);
// normWeight4(k4); finishPair(first, second, row, column) for columns (column, column + 1).
//
// Order of additions, the same in every variant, tile and format, so that equal rows give equal bits wherever they are
// computed: K is cut in blocks of 32; lane l (0..7) takes the blocks b with b mod 8 = l in rising order, one fma per k; then
// the lanes are added from 0 to 7. A tile walks the blocks lane by lane and so needs two accumulators, not eight.

/// Vec4 of a row that fewRows keeps normalised in workgroup memory, where there is one row and it fits; 0 to normalise as it is read.
override STAGED: u32 = 0u;

// ---- few rows ------------------------------------------------------------------------------------------------------------

var<workgroup> squares: array<f32, 32u * ROWS>;
var<workgroup> inverses: array<f32, ROWS>;
var<workgroup> staged: array<vec4<f32>, max(STAGED, 1u)>;
/// The inverse deviation of the only row.
var<private> inverseOfOne: f32;

fn fewInput4(row: u32, k4: u32, weight: vec4<f32>) -> vec4<f32> {
  if (STAGED > 0u) { return staged[k4]; }
  let value = x[row * (params.k >> 2u) + k4];
  if (NORM) {
    if (ROWS == 1u) { return normalised(value, inverseOfOne, weight); }
    return normalised(value, inverses[row], weight);
  }
  return value;
}

/// The norm's weights for `fewInput4`, where it normalises.
fn fewWeight4(k4: u32) -> vec4<f32> {
  if (NORM && STAGED == 0u) { return normWeight4(k4); }
  return vec4<f32>();
}

fn addRows(k4: u32, w: vec4<f32>) {
  let weight = fewWeight4(k4);
  sums[0] = withFour(sums[0], 0u, k4, w, weight);
  if (ROWS > 4u) { sums[1] = withFour(sums[1], 1u, k4, w, weight); }
  if (ROWS > 8u) {
    sums[2] = withFour(sums[2], 2u, k4, w, weight);
    sums[3] = withFour(sums[3], 3u, k4, w, weight);
  }
}

/// Adds a block of 32 products; packed words and scales are read once.
fn addBlock(column: u32, block: u32) {
  let first = block * 8u;
  if (FORMAT == 1u || FORMAT == 2u) {
    let row = rowOfColumn(column);
    let scale = scaleAt(column, row * (params.k / params.groupSize) + block * 32u / params.groupSize);
    let at = row * (params.k >> 5u) + block;
    if (FORMAT == 2u) {
      let eight = words(column, at);
      for (var i = 0u; i < 4u; i++) {
        addRows(first + 2u * i, nibbles(eight[i]) * scale);
        addRows(first + 2u * i + 1u, nibbles(eight[i] >> 16u) * scale);
      }
      return;
    }
    for (var half = 0u; half < 2u; half++) {
      let four = words(column, at * 2u + half);
      for (var i = 0u; i < 4u; i++) {
        addRows(first + half * 4u + i, vec4<f32>(unpack4xI8(four[i])) * scale);
      }
    }
    return;
  }
  for (var k4 = first; k4 < min(first + 8u, params.k >> 2u); k4++) {
    addRows(k4, weight4(column, k4));
  }
}

@compute @workgroup_size(256)
fn fewRows(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) grid: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  place(group.x + group.y * grid.x, 32u);
  if (NORM) {
    for (var row = local >> 5u; row < params.m; row += 8u) {
      squares[row * 32u + (local & 31u)] = laneOfSquares(row, local & 31u);
    }
    workgroupBarrier();
    // One row's sum is cheaper made by every thread than waited for.
    if (ROWS == 1u || local < params.m) {
      let row = select(local, 0u, ROWS == 1u);
      var total = 0.0;
      for (var lane = 0u; lane < 32u; lane++) { total += squares[row * 32u + lane]; }
      inverseOfOne = inverseDeviation(total);
      if (ROWS > 1u) { inverses[row] = inverseOfOne; }
    }
    if (STAGED > 0u) {
      for (var k4 = local; k4 < STAGED; k4 += 256u) { staged[k4] = normalised(x[k4], inverseOfOne, normWeight4(k4)); }
    }
    if (ROWS > 1u || STAGED > 0u) { workgroupBarrier(); }
  }
  let column = firstColumn + (local >> 3u);
  let isOwn = isColumn(column);
  for (var block = local & 7u; block * 32u < params.k; block += 8u) {
    if (isOwn) { addBlock(column, block); }
    addAdapter(local, block);
  }
  finishAdapter(local);
  finishRows(local);
}

// ---- many rows -----------------------------------------------------------------------------------------------------------
/// x[row][4·k4 ..], zero outside.
fn x4(row: u32, k4: u32, inverse: f32) -> vec4<f32> {
  let quads = params.k >> 2u;
  if (row < params.m && k4 < quads) {
    if (NORM) {
      return normalised(x[row * quads + k4], inverse, normWeight4(k4));
    }
    return x[row * quads + k4];
  }
  return vec4<f32>();
}

/// The inverse deviations of the four rows that a thread loads; `left` holds the lanes of all of the tile's rows meanwhile.
fn inversesOf(firstRow: u32, quad: u32, local: u32) -> vec4<f32> {
  for (var item = local; item < SIDE * 128u; item += SIDE * SIDE) {
    let row = min(firstRow + (item >> 5u), params.m - 1u);
    left[item >> 2u][item & 3u] = laneOfSquares(row, item & 31u);
  }
  workgroupBarrier();
  var result = vec4<f32>();
  for (var i = 0u; i < 4u; i++) {
    var total = 0.0;
    for (var lane = 0u; lane < 32u; lane++) {
      total += left[(quad * 4u + i) * 8u + (lane >> 2u)][lane & 3u];
    }
    result[i] = inverseDeviation(total);
  }
  workgroupBarrier();
  return result;
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
  place(tile / tilesDown, SIDE * 4u);
  let blocks = (params.k + 31u) / 32u;
  // A thread loads the same rows in every block: there are at least as many threads as quads to load.
  let step4 = local & 7u;
  let quad = local >> 3u;
  let row = firstRow + quad * 4u;
  let column = firstColumn + quad * 4u;
  var inverse = vec4<f32>();
  if (NORM) { inverse = inversesOf(firstRow, min(quad, SIDE - 1u), local); }
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
      if (quad < SIDE) {
        let k4 = (firstStep >> 2u) + step4;
        let l = transpose(mat4x4<f32>(x4(row, k4, inverse.x), x4(row + 1u, k4, inverse.y), x4(row + 2u, k4, inverse.z), x4(row + 3u, k4, inverse.w)));
        let w = transpose(mat4x4<f32>(boundedWeight4(column, k4), boundedWeight4(column + 1u, k4), boundedWeight4(column + 2u, k4), boundedWeight4(column + 3u, k4)));
        for (var i = 0u; i < 4u; i++) {
          left[slot(step4 * 4u + i, quad)] = l[i];
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
    let resultRow = firstRow + thread.y * 4u + i;
    for (var j = 0u; j < 4u; j += 2u) {
      let resultColumn = firstColumn + thread.x * 4u + j;
      if (resultRow < params.m && isColumn(resultColumn)) {
        finishPair(total[i][j], total[i][j + 1u], resultRow, resultColumn);
      }
    }
  }
}
