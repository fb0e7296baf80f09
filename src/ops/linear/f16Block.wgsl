// Rounded blocks of `roughProduct.wgsl` as f16, for devices with `shader-f16`: 32 halves h with x = h·(largest magnitude / 16). A block is
// multiplied in f16, four columns at a time; what its four sums give is added in f32. Sixteen keeps products with int8 weights away
// from what a half cannot hold: 8 · 16 · 127 < 65 504.

const slots = 128u;
const reach = 16.0;

/// Eight per block, four numbers each.
var<workgroup> rounded: array<vec4<f16>, 8u * slots>;
var<private> blockOfW: array<vec4<f16>, 8>;

fn keepBlock(slot: u32, values: array<vec4<f32>, 8>) {
  var numbers = values;
  for (var i = 0u; i < 8u; i++) { rounded[slot * 8u + i] = vec4<f16>(numbers[i]); }
}

fn readWeights(column: u32, block: u32) -> f32 {
  if (FORMAT == 0u || FORMAT == 3u) {
    for (var i = 0u; i < 8u; i++) {
      let k4 = block * 8u + i;
      blockOfW[i] = vec4<f16>();
      if (k4 < (params.k >> 2u)) { blockOfW[i] = vec4<f16>(weight4(column, k4)); }
    }
    return 1.0;
  }
  let row = rowOfColumn(column);
  let at = row * (params.k >> 5u) + block;
  if (FORMAT == 2u) {
    let eight = words(column, at);
    for (var i = 0u; i < 4u; i++) {
      blockOfW[2u * i] = vec4<f16>(nibbles(eight[i]));
      blockOfW[2u * i + 1u] = vec4<f16>(nibbles(eight[i] >> 16u));
    }
  } else {
    for (var half = 0u; half < 2u; half++) {
      let four = words(column, at * 2u + half);
      for (var i = 0u; i < 4u; i++) { blockOfW[half * 4u + i] = vec4<f16>(unpack4xI8(four[i])); }
    }
  }
  return scaleAt(column, row * (params.k / params.groupSize) + block * 32u / params.groupSize);
}

fn blockSum(slot: u32) -> f32 {
  var total = vec4<f16>();
  for (var i = 0u; i < 8u; i++) { total = fma(rounded[slot * 8u + i], blockOfW[i], total); }
  let four = vec4<f32>(total);
  return (four.x + four.y) + (four.z + four.w);
}
