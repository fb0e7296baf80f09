// x·Wᵀ for decoding steps whose numbers need not be exact, in place of `product.wgsl`: rows of x are rounded by blocks of 32 columns as
// they are read, to numbers of one short type that share a step per block. Put after a frame, `weights.wgsl`, `rowNorm.wgsl`, `lanes.wgsl`
// and one of `int8Block.wgsl` and `f16Block.wgsl`, which say what a rounded block is:
//   slots                                  blocks that workgroup memory holds
//   reach                                  the number that a block's largest magnitude becomes
//   keepBlock(slot, values)                keeps a block's 32 numbers, scaled to at most `reach`, rounded
//   readWeights(column, block) -> f32      keeps a block of W's row for the thread, and gives the scale of its numbers
//   blockSum(slot) -> f32                  what the block of a row times that of W gives, without step and scale
// Order of additions: that of product.wgsl, with a block's sum in place of its 32 products, so a row's result depends on nothing but
// that row and W here, too. Adapters, biases, norms and what a frame does with the results are f32.

var<workgroup> inverses: array<f32, ROWS>;
/// A kept block's numbers times this are those of x.
var<workgroup> steps: array<f32, slots>;

/// A row as adapters multiply it, which stays f32.
fn fewInput4(row: u32, k4: u32, weight: vec4<f32>) -> vec4<f32> {
  let value = x[(firstRow + row) * (params.k >> 2u) + k4];
  if (NORM) { return normalised(value, inverses[row], weight); }
  return value;
}

fn fewWeight4(k4: u32) -> vec4<f32> {
  if (NORM) { return normWeight4(k4); }
  return vec4<f32>();
}

fn keepRowBlock(slot: u32, row: u32, block: u32) {
  var values: array<vec4<f32>, 8>;
  var largest = vec4<f32>();
  for (var i = 0u; i < 8u; i++) {
    let k4 = block * 8u + i;
    var value = vec4<f32>();
    if (k4 < (params.k >> 2u)) { value = fewInput4(row, k4, fewWeight4(k4)); }
    values[i] = value;
    largest = max(largest, abs(value));
  }
  let top = max(max(largest.x, largest.y), max(largest.z, largest.w));
  var factor = 0.0;
  // A block of zeros, or of numbers whose inverse is none.
  if (top > 1e-30) { factor = reach / top; }
  for (var i = 0u; i < 8u; i++) { values[i] *= factor; }
  steps[slot] = top / reach;
  keepBlock(slot, values);
}

/// Adds a block of rows 4·i + 0..3, whose slots are `between` apart.
fn addFour(i: u32, slot: u32, between: u32, scale: f32) {
  let first = slot + i * 4u * between;
  var found = vec4<f32>(blockSum(first), 0.0, 0.0, 0.0);
  var step = vec4<f32>(steps[first], 0.0, 0.0, 0.0);
  if (ROWS > 1u) {
    found.y = blockSum(first + between);
    step.y = steps[first + between];
  }
  if (ROWS > 2u) {
    found.z = blockSum(first + 2u * between);
    found.w = blockSum(first + 3u * between);
    step.z = steps[first + 2u * between];
    step.w = steps[first + 3u * between];
  }
  sums[i] = fma(found, step * scale, sums[i]);
}

fn addBlock(column: u32, block: u32, slot: u32, between: u32) {
  let scale = readWeights(column, block);
  addFour(0u, slot, between, scale);
  if (ROWS > 4u) { addFour(1u, slot, between, scale); }
  if (ROWS > 8u) {
    addFour(2u, slot, between, scale);
    addFour(3u, slot, between, scale);
  }
}

@compute @workgroup_size(256)
fn roughRows(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) grid: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let tile = group.x + group.y * grid.x;
  let tilesDown = (params.m + ROWS - 1u) / ROWS;
  firstRow = (tile % tilesDown) * ROWS;
  place(tile / tilesDown, 32u);
  if (NORM) {
    // The norm's lanes need less room than the sums will.
    for (var row = local >> 5u; row < ROWS; row += 8u) {
      partial[row * 32u + (local & 31u)] = laneOfSquares(min(firstRow + row, params.m - 1u), local & 31u);
    }
    workgroupBarrier();
    if (local < ROWS) {
      var total = 0.0;
      for (var lane = 0u; lane < 32u; lane++) { total += partial[local * 32u + lane]; }
      inverses[local] = inverseDeviation(total);
    }
    workgroupBarrier();
  }
  // Every row's blocks from `first` on that fit are rounded by all threads, then multiplied with.
  // Eight or more, so that a lane's blocks are those that it has in product.wgsl.
  let kept = slots / ROWS;
  let blocks = (params.k + 31u) / 32u;
  let column = firstColumn + (local >> 3u);
  let isOwn = isColumn(column);
  for (var first = 0u; first < blocks; first += kept) {
    let row = local / kept;
    let mine = first + local % kept;
    if (row < ROWS && firstRow + row < params.m && mine < blocks) { keepRowBlock(local, row, mine); }
    workgroupBarrier();
    for (var block = first + (local & 7u); block < min(first + kept, blocks); block += 8u) {
      if (isOwn) { addBlock(column, block, block - first, kept); }
      addAdapter(local, block);
    }
    workgroupBarrier();
  }
  finishAdapter(local);
  finishRows(local);
}
