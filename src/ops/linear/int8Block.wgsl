// Rounded blocks of `roughProduct.wgsl` as int8: 32 numbers q with x = q·(largest magnitude / 127), as llama.cpp's Q8_0 rounds rows.
// Products with int8 and int4 weights are integers, so a block's sum is exact and its order does not matter; groups of weights with
// one scale are whole blocks.

const slots = 256u;
const reach = 127.0;

/// Two per block, four numbers in a word.
var<workgroup> rounded: array<vec4<u32>, 2u * slots>;
var<private> blockOfW: array<vec4<u32>, 2>;

fn keepBlock(slot: u32, values: array<vec4<f32>, 8>) {
  var numbers = values;
  for (var half = 0u; half < 2u; half++) {
    var four: vec4<u32>;
    for (var i = 0u; i < 4u; i++) { four[i] = pack4xI8(vec4<i32>(round(numbers[half * 4u + i]))); }
    rounded[slot * 2u + half] = four;
  }
}

/// Four nibbles q + 8 in the low half of a word as four bytes q.
fn bytesOfNibbles(word: u32) -> u32 {
  let pairs = ((word << 8u) | word) & 0x00ff00ffu;
  let four = ((pairs << 4u) | pairs) & 0x0f0f0f0fu;
  // q + 8 without its top bit where that is set; else q is negative, and its upper bits are ones.
  return (four & 0x07070707u) | ((~four & 0x08080808u) * 31u);
}

fn readWeights(column: u32, block: u32) -> f32 {
  let row = rowOfColumn(column);
  let at = row * (params.k >> 5u) + block;
  if (FORMAT == 2u) {
    let eight = words(column, at);
    for (var half = 0u; half < 2u; half++) {
      let low = eight[half * 2u];
      let high = eight[half * 2u + 1u];
      blockOfW[half] = vec4<u32>(bytesOfNibbles(low & 0xffffu), bytesOfNibbles(low >> 16u), bytesOfNibbles(high & 0xffffu), bytesOfNibbles(high >> 16u));
    }
  } else {
    blockOfW[0] = words(column, at * 2u);
    blockOfW[1] = words(column, at * 2u + 1u);
  }
  return scaleAt(column, row * (params.k / params.groupSize) + block * 32u / params.groupSize);
}

fn blockSum(slot: u32) -> f32 {
  let a = rounded[slot * 2u];
  let b = rounded[slot * 2u + 1u];
  let u = blockOfW[0];
  let v = blockOfW[1];
  let total = dot4I8Packed(a.x, u.x) + dot4I8Packed(a.y, u.y) + dot4I8Packed(a.z, u.z) + dot4I8Packed(a.w, u.w)
    + dot4I8Packed(b.x, v.x) + dot4I8Packed(b.y, v.y) + dot4I8Packed(b.z, v.z) + dot4I8Packed(b.w, v.w);
  return f32(total);
}
