// dy·W: out [M, K] = scale·dy·W, dy [M, N], in tiles (after `linear.wgsl`, `weights.wgsl` and `tile.wgsl`). The first rows of W
// that a part has are columns params.first .. of dy.
// Order of additions: blocks of 32 along N, one fma per n, each block's sum added to the total.

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

/// Stores a 4x4 block, given as four rows of four steps, with the steps as rows.
fn storeLeft(step4: u32, quad: u32, rows: mat4x4<f32>) {
  let steps = transpose(rows);
  for (var i = 0u; i < 4u; i++) {
    left[slot(step4 * 4u + i, quad)] = steps[i];
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
