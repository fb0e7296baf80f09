// Feeds sampled tokens back on the GPU: one invocation per rollout. A running row logs its token, hands it to its copies
// (image and masked twin) and moves their slot, position and key count on; a row that ends, or has ended, stays where it is,
// so later passes only rewrite its last slot with the same numbers.
// Bindings: 0 ids [batch], 1 sampling [batch, 4], 2 rows [copies·batch, 4], 3 positions, 4 slots, 5 tokenIds [copies·batch],
// 6 log [steps, batch], 7 step [1], 8 params; all int32. One workgroup.

struct Params { batch: u32, copies: u32, steps: i32, ends: u32, end0: i32, end1: i32, end2: i32, end3: i32 }

@group(0) @binding(0) var<storage, read> ids: array<i32>;
@group(0) @binding(1) var<storage, read_write> sampling: array<i32>;
@group(0) @binding(2) var<storage, read_write> rows: array<i32>;
@group(0) @binding(3) var<storage, read_write> positions: array<i32>;
@group(0) @binding(4) var<storage, read_write> slots: array<i32>;
@group(0) @binding(5) var<storage, read_write> tokenIds: array<i32>;
@group(0) @binding(6) var<storage, read_write> log_: array<i32>;
@group(0) @binding(7) var<storage, read_write> step_: array<i32>;
@group(0) @binding(8) var<uniform> params: Params;

fn ends(id: i32) -> bool {
  return (params.ends > 0u && id == params.end0) || (params.ends > 1u && id == params.end1) ||
    (params.ends > 2u && id == params.end2) || (params.ends > 3u && id == params.end3);
}

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) t: u32) {
  let now = step_[0];
  storageBarrier();
  workgroupBarrier();
  if (now >= params.steps) { return; }
  for (var b = t; b < params.batch; b += 64u) {
    let id = ids[b];
    let at = u32(now) * params.batch + b;
    if (sampling[b * 4u + 3u] == 0 || id < 0) {
      log_[at] = -1;
      continue;
    }
    log_[at] = id;
    sampling[b * 4u + 2u] += 1;
    if (ends(id) || now + 1 == params.steps) {
      sampling[b * 4u + 3u] = 0;
      continue;
    }
    for (var copy = 0u; copy < params.copies; copy++) {
      let row = b + copy * params.batch;
      tokenIds[row] = id;
      rows[row * 4u + 3u] += 1;
      positions[row] += 1;
      slots[row] += 1;
    }
  }
  if (t == 0u) { step_[0] = now + 1; }
}
