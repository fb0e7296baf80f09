// Attention of few query rows over many keys: the keys of a (row, head) pair are split into chunks of 128, a workgroup each, in
// three dispatches. q, k, v, rows, out, lse, the order of sums and the bits are those of attention.wgsl, where the order is described.
// maxima: the scores of a chunk and their maximum. blockSums: the maximum of all chunks, and per block of 32 keys Σp and Σp·v.
// addBlocks: the sums of blocks in order, a thread per column.
// The grid is made for `chunks` chunks a pair; those past a row's own key count end at once.
// scratch [pairs, chunks · 128 scores | chunks maxima | chunks · 4 blocks of (Σp, WIDTH of Σp·v)]: written and read in
// different dispatches, except by the workgroup that owns it.

override WIDTH: u32 = 64u;
override LANES: u32 = 64u;
override WIDTH4: u32 = WIDTH / 4u;
const chunk = 128u;
const block = 32u;
const chunkBlocks = 4u;

/// The first query of a row and where the next row begins, in vec4.
struct Params { rowCount: u32, heads: u32, keyHeads: u32, scale: f32, qFirst: u32, qStride: u32, chunks: u32 }

// maxima: q, k, rows -> scratch
@group(0) @binding(0) var<storage, read> q: array<vec4f>;
@group(0) @binding(1) var<storage, read> k: array<vec4f>;
@group(0) @binding(2) var<storage, read> rows: array<vec4i>;
@group(0) @binding(3) var<storage, read_write> scratch: array<f32>;
@group(0) @binding(4) var<uniform> params: Params;
// blockSums: v, rows -> scratch
@group(0) @binding(0) var<storage, read> v: array<f32>;
@group(0) @binding(1) var<storage, read> sumRows: array<vec4i>;
@group(0) @binding(2) var<storage, read_write> sumScratch: array<f32>;
@group(0) @binding(3) var<uniform> sumParams: Params;
// addBlocks: scratch, rows -> out, lse
@group(0) @binding(0) var<storage, read> sums: array<f32>;
@group(0) @binding(1) var<storage, read> addRows: array<vec4i>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;
@group(0) @binding(3) var<storage, read_write> lse: array<f32>;
@group(0) @binding(4) var<uniform> addParams: Params;

var<workgroup> query: array<vec4f, WIDTH4>;
var<workgroup> weights: array<f32, chunk>;
var<workgroup> lanes: array<f32, LANES>;

/// Where a pair's part of scratch begins.
fn pairStart(pair: u32, chunks: u32) -> u32 {
  return pair * chunks * (chunk + 1u + chunkBlocks * (WIDTH + 1u));
}

@compute @workgroup_size(LANES)
fn maxima(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let group = wid.x + wid.y * grid.x;
  let pair = group / params.chunks;
  if (pair >= params.rowCount * params.heads) { return; }
  let own = group % params.chunks;
  let head = pair % params.heads;
  let keyHead = head * params.keyHeads / params.heads;
  let info = rows[pair / params.heads];
  let queries = pair / params.heads * params.qStride + params.qFirst + head * WIDTH4;
  let count = u32(max(info.w, 0));
  if (own * chunk >= count) { return; }
  for (var d = lane; d < WIDTH4; d += LANES) { query[d] = q[queries + d] * params.scale; }
  workgroupBarrier();

  let scores = pairStart(pair, params.chunks);
  var largest = -3.4e38;
  for (var j = own * chunk + lane; j < min(count, (own + 1u) * chunk); j += LANES) {
    let score = scoreOf(physical(info, j), keyHead);
    scratch[scores + j] = score;
    largest = max(largest, score);
  }
  lanes[lane] = largest;
  workgroupBarrier();
  if (lane == 0u) {
    for (var i = 1u; i < LANES; i++) { largest = max(largest, lanes[i]); }
    scratch[scores + params.chunks * chunk + own] = largest;
  }
}

@compute @workgroup_size(LANES)
fn blockSums(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let group = wid.x + wid.y * grid.x;
  let chunks = sumParams.chunks;
  let pair = group / chunks;
  if (pair >= sumParams.rowCount * sumParams.heads) { return; }
  let own = group % chunks;
  let keyHead = pair % sumParams.heads * sumParams.keyHeads / sumParams.heads;
  let info = sumRows[pair / sumParams.heads];
  let count = u32(max(info.w, 0));
  let start = own * chunk;
  if (start >= count) { return; }
  let size = min(chunk, count - start);
  let scores = pairStart(pair, chunks);
  let maximaStart = scores + chunks * chunk;
  let used = (count + chunk - 1u) / chunk;
  var largest = -3.4e38;
  for (var i = lane; i < used; i += LANES) { largest = max(largest, sumScratch[maximaStart + i]); }
  lanes[lane] = largest;
  workgroupBarrier();
  for (var i = 0u; i < min(used, LANES); i++) { largest = max(largest, lanes[i]); }
  for (var i = lane; i < size; i += LANES) { weights[i] = exp(sumScratch[scores + start + i] - largest); }
  workgroupBarrier();

  // Lane = part * WIDTH + column (or columns, when WIDTH > LANES): parts share out the blocks.
  let spanned = min(WIDTH, LANES);
  let parts = LANES / spanned;
  let part = lane / spanned;
  let blocks = (size + block - 1u) / block;
  let slots = maximaStart + chunks + own * chunkBlocks * (WIDTH + 1u);
  if (part < parts) {
    for (var b = part; b < blocks; b += parts) {
      let end = min(size, (b + 1u) * block);
      for (var c = lane % spanned; c < WIDTH; c += spanned) {
        var accumulator = 0.0;
        for (var i = b * block; i < end; i++) {
          let at = (physical(info, start + i) * sumParams.keyHeads + keyHead) * WIDTH + c;
          accumulator = fma(weights[i], v[at], accumulator);
        }
        sumScratch[slots + b * (WIDTH + 1u) + 1u + c] = accumulator;
      }
    }
  }
  if (lane < blocks) {
    var blockSum = 0.0;
    for (var i = lane * block; i < min(size, (lane + 1u) * block); i++) { blockSum += weights[i]; }
    sumScratch[slots + lane * (WIDTH + 1u)] = blockSum;
  }
}

@compute @workgroup_size(64)
fn addBlocks(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let thread = (wid.x + wid.y * grid.x) * 64u + lane;
  let pair = thread / WIDTH;
  let column = thread % WIDTH;
  if (pair >= addParams.rowCount * addParams.heads) { return; }
  let chunks = addParams.chunks;
  let count = u32(max(addRows[pair / addParams.heads].w, 0));
  if (count == 0u) {
    out[thread] = 0.0;
    if (column == 0u) { lse[pair] = 0.0; }
    return;
  }
  let maximaStart = pairStart(pair, chunks) + chunks * chunk;
  let slots = maximaStart + chunks;
  let blocks = (count + block - 1u) / block;
  var sum = 0.0;
  var total = 0.0;
  // Eight blocks are fetched before they are added, so that their latencies overlap.
  for (var first = 0u; first < blocks; first += 8u) {
    var fetchedSums = array<f32, 8>();
    var fetched = array<f32, 8>();
    for (var i = 0u; i < 8u; i++) {
      let at = slots + min(first + i, blocks - 1u) * (WIDTH + 1u);
      fetchedSums[i] = sums[at];
      fetched[i] = sums[at + 1u + column];
    }
    for (var i = 0u; i < min(8u, blocks - first); i++) {
      sum += fetchedSums[i];
      total += fetched[i];
    }
  }
  out[thread] = total / sum;
  if (column == 0u) {
    var largest = -3.4e38;
    for (var i = 0u; i < (count + chunk - 1u) / chunk; i++) { largest = max(largest, sums[maximaStart + i]); }
    lse[pair] = largest + log(sum);
  }
}
