// Gradients of the stock operations that appear between our own on the tape. `@tensorflow/tfjs-core` registers none by itself,
// and its register-all module neither loads in Node nor is small; models use nothing but reshape, and add where image features
// join the decoder's blocks (DeepStack).

import { broadcast_util, registerGradient, reshape, sum, type Tensor } from "@tensorflow/tfjs-core";

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

/** The cotangent of a term that was repeated along some axes: the sum over them. */
function summedLike(term: Tensor, dy: Tensor): Tensor {
  if (term.shape.join() === dy.shape.join()) return dy.clone();
  return reshape(sum(dy, broadcast_util.getReductionAxes(term.shape, dy.shape)), term.shape);
}
