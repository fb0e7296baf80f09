// Few rows of x·Wᵀ, 256 threads for 32 columns: lane local & 7 of column local/8 has added its part of every row to `sums`, and here the
// lanes are added from 0 to 7. What `product.wgsl` and `roughProduct.wgsl` share, after a frame; they say what four columns of a row are:
// fewInput4(row, k4, weight), with row counted from firstRow and weight = fewWeight4(k4).

/// Rows of a workgroup: 1, 2, 4, 8 or 16. Those from params.m on are thrown away.
override ROWS: u32 = 1u;

// The lanes' sums of at most four rows at a time: little workgroup memory leaves room for more workgroups.
var<workgroup> partial: array<f32, 256u * min(ROWS, 4u)>;
/// A thread's sums of rows firstRow + 4·i + 0..3.
var<private> sums: array<vec4<f32>, 4>;
var<private> firstRow: u32;

/// The sums of four rows with x[firstRow + 4·i + 0..3][4·k4 ..]·w added. Rows from params.m on repeat the last one.
fn withFour(sum: vec4<f32>, i: u32, k4: u32, w: vec4<f32>, weight: vec4<f32>) -> vec4<f32> {
  let last = params.m - 1u - firstRow;
  let first = i * 4u;
  let a = fewInput4(min(first, last), k4, weight);
  var b = a;
  var c = a;
  var d = a;
  if (ROWS > 1u) { b = fewInput4(min(first + 1u, last), k4, weight); }
  if (ROWS > 2u) {
    c = fewInput4(min(first + 2u, last), k4, weight);
    d = fewInput4(min(first + 3u, last), k4, weight);
  }
  var result = fma(vec4<f32>(a.x, b.x, c.x, d.x), vec4<f32>(w.x), sum);
  result = fma(vec4<f32>(a.y, b.y, c.y, d.y), vec4<f32>(w.y), result);
  result = fma(vec4<f32>(a.z, b.z, c.z, d.z), vec4<f32>(w.z), result);
  return fma(vec4<f32>(a.w, b.w, c.w, d.w), vec4<f32>(w.w), result);
}

/// A thread's sums of four rows, for `sumOfLanes` after a barrier.
fn keepFour(four: vec4<f32>, local: u32) {
  partial[local] = four.x;
  if (ROWS > 1u) { partial[256u + local] = four.y; }
  if (ROWS > 2u) {
    partial[512u + local] = four.z;
    partial[768u + local] = four.w;
  }
}

fn sumOfLanes(row: u32, column: u32) -> f32 {
  let first = row * 256u + column * 8u;
  var total = 0.0;
  for (var lane = 0u; lane < 8u; lane++) {
    total += partial[first + lane];
  }
  return total;
}

/// Writes the results of four rows and 32 columns.
fn finishFour(i: u32, local: u32) {
  keepFour(sums[i], local);
  workgroupBarrier();
  let row = local >> 5u;
  let pair = (local & 31u) * 2u;
  let resultRow = firstRow + i * 4u + row;
  if (pair < 32u && row < min(ROWS, 4u) && resultRow < params.m && isColumn(firstColumn + pair)) {
    finishPair(sumOfLanes(row, pair), sumOfLanes(row, pair + 1u), resultRow, firstColumn + pair);
  }
}

/// Writes the results of all rows; everything that used `partial` lies before a barrier.
fn finishRows(local: u32) {
  finishFour(0u, local);
  if (ROWS > 4u) {
    workgroupBarrier();
    finishFour(1u, local);
  }
  if (ROWS > 8u) {
    workgroupBarrier();
    finishFour(2u, local);
    workgroupBarrier();
    finishFour(3u, local);
  }
}
