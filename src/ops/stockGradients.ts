// Gradients of the stock operations that appear between our own on the tape. `@tensorflow/tfjs-core` registers none by itself,
// and its register-all module neither loads in Node nor is small; models use nothing but reshape, and add where image features
// join the decoder's blocks (DeepStack).

import { registerGradient, reshape, type Tensor } from "@tensorflow/tfjs-core";

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
    if (a.shape.join() !== b.shape.join())
      throw new Error(`the gradient of add is for equal shapes only, not [${a.shape.join(", ")}] and [${b.shape.join(", ")}]`);
    return { a: () => (dy as Tensor).clone(), b: () => (dy as Tensor).clone() };
  },
});
