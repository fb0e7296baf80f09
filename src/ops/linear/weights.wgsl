// Dequantised weights and adapters, for every kernel that multiplies with a matrix: put before `product.wgsl` or `transposed.wgsl`,
// after a frame (`linear.wgsl` is the plain one), which declares the bindings and says
//   params.k, params.groupSize                      the width of W and of a group of weights with one scale
//   rowOfColumn(column) -> u32                      the row of W that gives a column of the result
//   words(column, at), scaleAt(column, at)          the at-th vec4 of W's words and its at-th scale
//   tAt(row, column, i), bAt(column, i)             the adapter's factors: t = x·Aᵀ where another dispatch made it, and B
//   aAt(i, k4), tColumns(), tColumn(column)         where fewRows makes t: four numbers of A's i-th row, how many of its rows the
//                                                   workgroup needs, and the first that a column needs

/// 0 f32, 1 int8, 2 int4, 3 f16.
override FORMAT: u32 = 0u;

/// Four int4 weights from the low half of a word, before the scale.
fn nibbles(word: u32) -> vec4<f32> {
  return vec4<f32>(vec4<u32>(word, word >> 4u, word >> 8u, word >> 12u) & vec4<u32>(15u)) - 8.0;
}

/// Four weights W[row of column][4·k4 ..], dequantised as f32(q)·scale.
fn weight4(column: u32, k4: u32) -> vec4<f32> {
  let row = rowOfColumn(column);
  let index = row * (params.k >> 2u) + k4;
  if (FORMAT == 0u) {
    return bitcast<vec4<f32>>(words(column, index));
  }
  if (FORMAT == 3u) {
    let four = words(column, index >> 1u);
    let pairs = select(four.xy, four.zw, (index & 1u) == 1u);
    return vec4<f32>(unpack2x16float(pairs.x), unpack2x16float(pairs.y));
  }
  let scale = scaleAt(column, row * (params.k / params.groupSize) + (k4 << 2u) / params.groupSize);
  if (FORMAT == 1u) {
    return vec4<f32>(unpack4xI8(words(column, index >> 2u)[index & 3u])) * scale;
  }
  return nibbles(words(column, index >> 3u)[(index >> 1u) & 3u] >> ((index & 1u) * 16u)) * scale;
}

/// value + scale·t·Bᵀ at one place, in the order of a product of its own, K = rank <= 256.
fn withLora(value: f32, row: u32, column: u32, rank: u32, scale: f32) -> f32 {
  var total = 0.0;
  for (var block = 0u; block < rank; block += 32u) {
    var sum = 0.0;
    for (var i = block; i < min(block + 32u, rank); i++) {
      sum = fma(tOf(row, column, i), bAt(column, i), sum);
    }
    total += sum;
  }
  return fma(total, scale, 0.0) + value;
}
