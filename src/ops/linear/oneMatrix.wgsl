// What the frames of one matrix share (`linear.wgsl`, `normedLinear.wgsl`), put after them: x, the part of W that is bound, and its columns.
// Of their params it reads n, the columns of the result that the part has, and weightRow, the first row of the part that is used.

@group(0) @binding(0) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> weights: array<vec4<u32>>;
@group(0) @binding(2) var<storage, read> scales: array<f32>;

var<private> firstColumn: u32;

fn place(tile: u32, width: u32) {
  firstColumn = tile * width;
}

fn isColumn(column: u32) -> bool {
  return column < params.n;
}

fn rowOfColumn(column: u32) -> u32 {
  return params.weightRow + column;
}

fn words(column: u32, at: u32) -> vec4<u32> {
  return weights[at];
}

fn scaleAt(column: u32, at: u32) -> f32 {
  return scales[at];
}
