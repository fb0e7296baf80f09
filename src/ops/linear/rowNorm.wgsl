// RMSNorm of rows of x on their way into a product: part of the loops of `product.wgsl` and `roughProduct.wgsl`, after a frame. The order
// is that of norm.wgsl: lane l of 32 adds columns l, l + 32, ..., then the lanes in order.

/// Whether rows of x are RMS-normalised before they are multiplied.
override NORM: bool = false;

/// What lane `lane` of 32 adds to the sum of a row's squares.
fn laneOfSquares(row: u32, lane: u32) -> f32 {
  var squares = 0.0;
  for (var k = lane; k < params.k; k += 32u) {
    let value = x[(row * params.k + k) >> 2u][k & 3u];
    squares = fma(value, value, squares);
  }
  return squares;
}

fn inverseDeviation(sumOfSquares: f32) -> f32 {
  return 1.0 / sqrt(sumOfSquares / f32(params.k) + params.epsilon);
}

fn normalised(value: vec4<f32>, inverse: f32, weight: vec4<f32>) -> vec4<f32> {
  return fma(value * inverse, weight, vec4<f32>());
}
