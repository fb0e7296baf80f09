// Tiles in workgroup memory, for `product.wgsl` and `transposed.wgsl`.
// A tile holds 32 reduction steps; element [step][quad] is four neighbouring rows (or columns) of the result. The quad is
// stored at quad ^ (step/4), which spreads the transposing stores over the memory banks.

/// Threads along one side of a tile, 8 or 16; a tile has 4·SIDE rows and columns.
override SIDE: u32 = 16u;

var<workgroup> left: array<vec4<f32>, 32u * SIDE>;
var<workgroup> right: array<vec4<f32>, 32u * SIDE>;

fn slot(step: u32, quad: u32) -> u32 {
  return step * SIDE + (quad ^ (step >> 2u));
}

/// Four weights for a tile, zero outside.
fn boundedWeight4(column: u32, k4: u32) -> vec4<f32> {
  if (isColumn(column) && (k4 << 2u) < params.k) {
    return weight4(column, k4);
  }
  return vec4<f32>();
}
