// A frame of products with one matrix, before `oneMatrix.wgsl`, for rows that are RMS-normalised on the way (NORM): out[:, first ..] =
// norm(x)·Wᵀ, or a part of W. The LM head with the final norm before it, and t = norm(x)·Aᵀ of adapters.
// Bindings: 0 x [M, K], 1 W (words), 2 scales [N, K/groupSize], 3 the norm's weight [K], 4 out [M, width], 5 params.

struct Params {
  m: u32,
  n: u32,
  k: u32,
  groupSize: u32,
  width: u32,
  first: u32,
  /// The first row of W that is used.
  weightRow: u32,
  epsilon: f32,
}

@group(0) @binding(3) var<storage, read> normWeight: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read_write> out: array<f32>;
@group(0) @binding(5) var<uniform> params: Params;

fn normWeight4(k4: u32) -> vec4<f32> {
  return normWeight[k4];
}

/// There are no adapters in this frame.
fn tAt(row: u32, column: u32, i: u32) -> f32 {
  return 0.0;
}

fn bAt(column: u32, i: u32) -> f32 {
  return 0.0;
}

fn finishPair(first: f32, second: f32, row: u32, column: u32) {
  let at = row * params.width + params.first + column;
  out[at] = fma(first, 1.0, 0.0);
  if (column + 1u < params.n) {
    out[at + 1u] = fma(second, 1.0, 0.0);
  }
}
