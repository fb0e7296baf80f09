// Adapters whose t = x·Aᵀ another dispatch made, or none: before `product.wgsl` or `transposed.wgsl`, in the place of `adapterInside.wgsl`.

fn tOf(row: u32, column: u32, i: u32) -> f32 {
  return tAt(row, column, i);
}

fn addAdapter(local: u32, block: u32) {}

fn finishAdapter(local: u32) {}
