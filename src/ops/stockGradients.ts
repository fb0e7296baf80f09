// Gradients of the stock operations that appear between our own on the tape. `@tensorflow/tfjs-core` registers none by itself,
// and its register-all module neither loads in Node nor is small; models use nothing but reshape, add where image features
// join the decoder's blocks (DeepStack), and slice and concat of whole rows where wide blocks are cut (nn/rowChunks).

import {
  broadcast_util,
  concat,
  registerGradient,
  reshape,
  slice,
  sum,
  type Tensor,
  type Tensor2D,
  zeros,
} from "@tensorflow/tfjs-core";

registerGradient({
  kernelName: "Reshape",
  inputsToSave: ["x"],
  gradFunc: (dy, saved) => ({ x: () => reshape(dy as Tensor, (saved[0] as Tensor).shape) }),
});

registerGradient({
  kernelName: "Add",
  inputsToSave: ["a", "b"],
  gradFunc: (dy, saved) => {
    const [a, b] = saved as [Tensor, Tensor];
    return { a: () => summedLike(a, dy as Tensor), b: () => summedLike(b, dy as Tensor) };
  },
});

registerGradient({
  kernelName: "Slice",
  inputsToSave: ["x"],
  gradFunc: (dy, saved, attributes) => {
    const [rows, columns] = (saved[0] as Tensor).shape as [number, number];
    const { begin } = attributes as unknown as { begin: number[] };
    const [first, count] = [begin[0] ?? 0, (dy as Tensor).shape[0] as number];
    if ((dy as Tensor).shape[1] !== columns) throw new Error("only slices of whole rows have a gradient");
    return {
      x: () => concat([zeros([first, columns]), dy as Tensor2D, zeros([rows - first - count, columns])] as Tensor2D[], 0),
    };
  },
});

registerGradient({
  kernelName: "Concat",
  saveAllInputs: true,
  gradFunc: (dy, saved) => {
    let first = 0;
    // Keyed by the input's place, as the kernel names its inputs.
    return Object.fromEntries(
      saved.map((part, i) => {
        const [begin, count] = [first, part.shape[0] as number];
        first += count;
        return [String(i), () => slice(dy as Tensor2D, [begin, 0], [count, -1])];
      }),
    );
  },
});

/** The cotangent of a term that was repeated along some axes: the sum over them. */
function summedLike(term: Tensor, dy: Tensor): Tensor {
  if (term.shape.join() === dy.shape.join()) return dy.clone();
  return reshape(sum(dy, broadcast_util.getReductionAxes(term.shape, dy.shape)), term.shape);
}
