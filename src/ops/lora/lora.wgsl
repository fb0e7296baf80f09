// Adapters of up to three projections that read the same rows x, in one dispatch each: u = x·Aᵀ, out += s·u·Bᵀ, and on the way
// back du = s·dy·B, dx += du·A. Ranks are multiples of 4; R is their sum. `pairs` is [2, M, R]: u first, then du; the columns
// of a projection follow those of the one before. What a call does not have is stood in for by another read-only buffer and
// not read.
//
// Order of additions: that of x·Wᵀ (ops/linear) in `project` and `add`, so adapted rows have the bits they have elsewhere:
// blocks of 32, lane l (0..7) takes the blocks b with b mod 8 = l in rising order, then lanes are added from 0 to 7.
// `cotangent` adds in the same order over the outputs. `inputGradient` adds the bases in order, then one fma per rank.

struct Params {
  m: u32,
  /// Width of x.
  width: u32,
  /// R, and how many bases `inputGradient` adds.
  ranks: u32,
  bases: u32,
  rank: vec4<u32>,
  /// Widths of the projections' results.
  outputs: vec4<u32>,
  scale: vec4<f32>,
}

// Entry points share binding numbers, not buffers.
// project: x, A, A, A -> pairs
@group(0) @binding(0) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> a0: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> a1: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> a2: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read_write> projected: array<vec4<f32>>;
@group(0) @binding(5) var<uniform> projectParams: Params;
// cotangent: dy, dy, dy, B, B, B -> pairs
@group(0) @binding(0) var<storage, read> dy0: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> dy1: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> dy2: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> cotangentB0: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read> cotangentB1: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read> cotangentB2: array<vec4<f32>>;
@group(0) @binding(6) var<storage, read_write> cotangents: array<vec4<f32>>;
@group(0) @binding(7) var<uniform> params: Params;
// add: pairs, B, B, B -> out, out, out
@group(0) @binding(0) var<storage, read> pairs: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> b0: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> b1: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> b2: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read_write> out0: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read_write> out1: array<vec4<f32>>;
@group(0) @binding(6) var<storage, read_write> out2: array<vec4<f32>>;
@group(0) @binding(5) var<uniform> add1Params: Params;
@group(0) @binding(6) var<uniform> add2Params: Params;
// inputGradient: pairs, A, A, A, base, base -> dx
@group(0) @binding(4) var<storage, read> base1: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read> base2: array<vec4<f32>>;
@group(0) @binding(6) var<storage, read_write> dx: array<vec4<f32>>;
// swigluGradient: pairs, A, base -> gate, up
@group(0) @binding(2) var<storage, read> base: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> gate: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read_write> up: array<vec4<f32>>;

const rowsOfGroup = 8u;
const lanes = 8u;

/// Eight columns of one projection's u.
struct Block {
  projection: u32,
  /// First column among the projection's, and how many it has.
  first: u32,
  rank: u32,
  /// First column among those of all projections.
  column: u32,
}

/// The index-th block: every projection begins a new one.
fn blockOf(ranks: vec4<u32>, index: u32) -> Block {
  var block = Block(0u, index * 8u, ranks.x, index * 8u);
  var before = 0u;
  while (block.projection < 2u && block.first >= block.rank) {
    block.first -= (block.rank + 7u) / 8u * 8u;
    before += block.rank;
    block.projection++;
    block.rank = ranks[block.projection];
  }
  block.column = before + block.first;
  return block;
}

fn aOf(projection: u32, at: u32) -> vec4<f32> {
  if (projection == 0u) { return a0[at]; }
  if (projection == 1u) { return a1[at]; }
  return a2[at];
}

fn dyOf(projection: u32, at: u32) -> vec4<f32> {
  if (projection == 0u) { return dy0[at]; }
  if (projection == 1u) { return dy1[at]; }
  return dy2[at];
}

fn cotangentB(projection: u32, at: u32) -> vec4<f32> {
  if (projection == 0u) { return cotangentB0[at]; }
  if (projection == 1u) { return cotangentB1[at]; }
  return cotangentB2[at];
}

/// Sums of [half][row][lane].
var<workgroup> partial: array<vec4<f32>, 128>;

/// The sum of the eight lanes, for threads below 16: thread = half * 8 + row.
fn sumOfLanes(local: u32, low: vec4<f32>, high: vec4<f32>) -> vec4<f32> {
  partial[local] = low;
  partial[64u + local] = high;
  workgroupBarrier();
  var total = vec4<f32>();
  if (local < 16u) {
    for (var lane = 0u; lane < lanes; lane++) { total += partial[local * lanes + lane]; }
  }
  return total;
}

/// A workgroup computes eight rows of one block; thread = row * 8 + lane.
@compute @workgroup_size(64)
fn project(@builtin(workgroup_id) wid: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>, @builtin(local_invocation_index) local: u32) {
  let firstRow = (wid.x + wid.y * grid.x) * rowsOfGroup;
  let quads = projectParams.width >> 2u;
  let block = blockOf(projectParams.rank, wid.z);
  let row = min(firstRow + local / lanes, projectParams.m - 1u) * quads;
  let weights = block.first * quads;
  let isWide = block.first + 4u < block.rank;
  var low = vec4<f32>();
  var high = vec4<f32>();
  for (var first = (local % lanes) * 8u; first < quads; first += lanes * 8u) {
    let end = min(first + 8u, quads);
    for (var k = first; k < end; k++) {
      let values = x[row + k];
      let a = weights + k;
      let steps = transpose(mat4x4<f32>(
        aOf(block.projection, a),
        aOf(block.projection, a + quads),
        aOf(block.projection, a + 2u * quads),
        aOf(block.projection, a + 3u * quads),
      ));
      for (var i = 0u; i < 4u; i++) { low = fma(vec4<f32>(values[i]), steps[i], low); }
      if (isWide) {
        let b = a + 4u * quads;
        let others = transpose(mat4x4<f32>(
          aOf(block.projection, b),
          aOf(block.projection, b + quads),
          aOf(block.projection, b + 2u * quads),
          aOf(block.projection, b + 3u * quads),
        ));
        for (var i = 0u; i < 4u; i++) { high = fma(vec4<f32>(values[i]), others[i], high); }
      }
    }
  }
  let total = sumOfLanes(local, low, high);
  let outRow = firstRow + local % rowsOfGroup;
  let half = local / rowsOfGroup;
  if (half < select(1u, 2u, isWide) && outRow < projectParams.m) {
    projected[outRow * (projectParams.ranks >> 2u) + (block.column >> 2u) + half] = total;
  }
}

/// As `project`, over the outputs of the projection.
@compute @workgroup_size(64)
fn cotangent(@builtin(workgroup_id) wid: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>, @builtin(local_invocation_index) local: u32) {
  let firstRow = (wid.x + wid.y * grid.x) * rowsOfGroup;
  let block = blockOf(params.rank, wid.z);
  let quads = params.outputs[block.projection] >> 2u;
  let rankQuads = block.rank >> 2u;
  let row = min(firstRow + local / lanes, params.m - 1u) * quads;
  let isWide = block.first + 4u < block.rank;
  var low = vec4<f32>();
  var high = vec4<f32>();
  for (var first = (local % lanes) * 8u; first < quads; first += lanes * 8u) {
    let end = min(first + 8u, quads);
    for (var n = first; n < end; n++) {
      let values = dyOf(block.projection, row + n);
      let b = n * 4u * rankQuads + (block.first >> 2u);
      for (var i = 0u; i < 4u; i++) {
        low = fma(vec4<f32>(values[i]), cotangentB(block.projection, b + i * rankQuads), low);
        if (isWide) { high = fma(vec4<f32>(values[i]), cotangentB(block.projection, b + i * rankQuads + 1u), high); }
      }
    }
  }
  let total = sumOfLanes(local, low, high);
  let outRow = firstRow + local % rowsOfGroup;
  let half = local / rowsOfGroup;
  if (half < select(1u, 2u, isWide) && outRow < params.m) {
    let at = (params.m + outRow) * (params.ranks >> 2u) + (block.column >> 2u) + half;
    cotangents[at] = total * params.scale[block.projection];
  }
}

fn bOf(projection: u32, at: u32) -> vec4<f32> {
  if (projection == 0u) { return b0[at]; }
  if (projection == 1u) { return b1[at]; }
  return b2[at];
}

/// s·u·Bᵀ at four outputs; `at` counts quads of the projection's result.
fn addition(p: Params, projection: u32, at: u32) -> vec4<f32> {
  let quads = p.outputs[projection] >> 2u;
  let row = at / quads;
  let rankQuads = p.rank[projection] >> 2u;
  var before = 0u;
  for (var i = 0u; i < projection; i++) { before += p.rank[i]; }
  let u = row * (p.ranks >> 2u) + (before >> 2u);
  let b = (at % quads) * 4u * rankQuads;
  var total = vec4<f32>();
  for (var first = 0u; first < rankQuads; first += 8u) {
    var sum = vec4<f32>();
    let end = min(first + 8u, rankQuads);
    for (var r = first; r < end; r++) {
      let values = pairs[u + r];
      let steps = transpose(mat4x4<f32>(
        bOf(projection, b + r),
        bOf(projection, b + rankQuads + r),
        bOf(projection, b + 2u * rankQuads + r),
        bOf(projection, b + 3u * rankQuads + r),
      ));
      for (var i = 0u; i < 4u; i++) { sum = fma(vec4<f32>(values[i]), steps[i], sum); }
    }
    total += sum;
  }
  return fma(total, vec4<f32>(p.scale[projection]), vec4<f32>());
}

@compute @workgroup_size(64)
fn add1(@builtin(workgroup_id) wid: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>, @builtin(local_invocation_index) local: u32) {
  let at = (wid.x + wid.y * grid.x) * 64u + local;
  if (at < add1Params.m * (add1Params.outputs.x >> 2u)) { out0[at] += addition(add1Params, 0u, at); }
}

@compute @workgroup_size(64)
fn add2(@builtin(workgroup_id) wid: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>, @builtin(local_invocation_index) local: u32) {
  let at = (wid.x + wid.y * grid.x) * 64u + local;
  if (at >= add2Params.m * (add2Params.outputs[wid.z] >> 2u)) { return; }
  let more = addition(add2Params, wid.z, at);
  if (wid.z == 0u) { out0[at] += more; } else { out1[at] += more; }
}

@compute @workgroup_size(64)
fn add3(@builtin(workgroup_id) wid: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>, @builtin(local_invocation_index) local: u32) {
  let at = (wid.x + wid.y * grid.x) * 64u + local;
  if (at >= params.m * (params.outputs[wid.z] >> 2u)) { return; }
  let more = addition(params, wid.z, at);
  if (wid.z == 0u) { out0[at] += more; } else if (wid.z == 1u) { out1[at] += more; } else { out2[at] += more; }
}

/// Adds du·A of projections to four columns of a row; `at` counts quads of x, `first` is the row's first quad of du.
fn addCotangents(start: vec4<f32>, rank: u32, projection: u32, first: u32, column: u32, quads: u32) -> vec4<f32> {
  var total = start;
  for (var r = 0u; r < rank; r += 4u) {
    let values = pairs[first + (r >> 2u)];
    for (var i = 0u; i < 4u; i++) {
      total = fma(vec4<f32>(values[i]), aOf(projection, (r + i) * quads + column), total);
    }
  }
  return total;
}

@compute @workgroup_size(64)
fn inputGradient(@builtin(workgroup_id) wid: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>, @builtin(local_invocation_index) local: u32) {
  let at = (wid.x + wid.y * grid.x) * 64u + local;
  let quads = params.width >> 2u;
  if (at >= params.m * quads) { return; }
  var total = dx[at];
  if (params.bases > 1u) { total += base1[at]; }
  if (params.bases > 2u) { total += base2[at]; }
  var first = (params.m + at / quads) * (params.ranks >> 2u);
  for (var i = 0u; i < 3u; i++) {
    total = addCotangents(total, params.rank[i], i, first, at % quads, quads);
    first += params.rank[i] >> 2u;
  }
  dx[at] = total;
}

/// σ(z) without the exponential of a large number (ops/activation).
fn logistic(z: vec4<f32>) -> vec4<f32> {
  let e = exp(-abs(z));
  return select(vec4<f32>(1.0), e, z < vec4<f32>()) / (1.0 + e);
}

/// dact = base + du·A of the projection behind silu(gate)·up; gate and up become their own gradients.
@compute @workgroup_size(64)
fn swigluGradient(@builtin(workgroup_id) wid: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>, @builtin(local_invocation_index) local: u32) {
  let at = (wid.x + wid.y * grid.x) * 64u + local;
  let quads = projectParams.width >> 2u;
  if (at >= projectParams.m * quads) { return; }
  let first = (projectParams.m + at / quads) * (projectParams.ranks >> 2u);
  var dact = base[at];
  for (var r = 0u; r < projectParams.ranks; r += 4u) {
    let values = pairs[first + (r >> 2u)];
    for (var i = 0u; i < 4u; i++) {
      dact = fma(vec4<f32>(values[i]), a0[(r + i) * quads + at % quads], dact);
    }
  }
  let s = logistic(gate[at]);
  let silu = gate[at] * s;
  gate[at] = dact * up[at] * fma(silu, 1.0 - s, s);
  up[at] = dact * silu;
}
