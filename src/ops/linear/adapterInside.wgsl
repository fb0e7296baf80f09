// Adapters whose t = x·Aᵀ every workgroup for few rows makes itself, for the columns that it computes: before `lanes.wgsl`, in the place of
// `adapterOutside.wgsl`. It saves a dispatch and the wait for it; A is small and comes from caches. PEFT: out += scaling·(x·Aᵀ)·Bᵀ.
// What is added to 8 lanes, in which order, and how the lanes are added is what `product.wgsl` does with a matrix of its own.
// The work is cut in slots, an i of A and four rows each; a thread has lane local & 7 of slots local/8, local/8 + 32, ...

/// Columns of t that a workgroup has room for, 4 to 32.
override ADAPTER: u32 = 4u;
override QUADS: u32 = (ROWS + 3u) / 4u;
/// Slots of a thread, 4 at most.
override SLOTS: u32 = (ADAPTER * QUADS + 31u) / 32u;

var<workgroup> inside: array<f32, ADAPTER * ROWS>;
var<private> adapterSums: array<vec4<f32>, 4>;

fn tOf(row: u32, column: u32, i: u32) -> f32 {
  return inside[(row - firstRow) * ADAPTER + tColumn(column) + i];
}

fn addSlot(j: u32, local: u32, k4: u32, weight: vec4<f32>) {
  let slot = j * 32u + (local >> 3u);
  let i = slot / QUADS;
  if (i < tColumns()) {
    adapterSums[j] = withFour(adapterSums[j], slot % QUADS, k4, aAt(i, k4), weight);
  }
}

/// Adds a block of 32 products to the sums of a thread's slots.
fn addAdapter(local: u32, block: u32) {
  if ((local >> 3u) / QUADS >= tColumns()) { return; }
  let end = min(block * 8u + 8u, params.k >> 2u);
  for (var k4 = block * 8u; k4 < end; k4++) {
    let weight = fewWeight4(k4);
    addSlot(0u, local, k4, weight);
    if (SLOTS > 1u) { addSlot(1u, local, k4, weight); }
    if (SLOTS > 2u) {
      addSlot(2u, local, k4, weight);
      addSlot(3u, local, k4, weight);
    }
  }
}

fn finishSlot(j: u32, local: u32) {
  keepFour(adapterSums[j], local);
  workgroupBarrier();
  let row = local >> 5u;
  let slot = j * 32u + (local & 31u);
  let i = slot / QUADS;
  if (row < min(ROWS, 4u) && i < ADAPTER) {
    inside[((slot % QUADS) * 4u + row) * ADAPTER + i] = fma(sumOfLanes(row, local & 31u), 1.0, 0.0);
  }
  workgroupBarrier();
}

/// Adds the lanes: t of the workgroup's rows is in its memory then.
fn finishAdapter(local: u32) {
  finishSlot(0u, local);
  if (SLOTS > 1u) { finishSlot(1u, local); }
  if (SLOTS > 2u) {
    finishSlot(2u, local);
    finishSlot(3u, local);
  }
}
