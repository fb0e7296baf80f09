// Gradients of the stock operations that appear between our own on the tape. `@tensorflow/tfjs-core` registers none by itself,
// and its register-all module neither loads in Node nor is small; models use nothing but reshape.

import { registerGradient, reshape, type Tensor } from "@tensorflow/tfjs-core";

registerGradient({
  kernelName: "Reshape",
  inputsToSave: ["x"],
  gradFunc: (dy, saved) => ({ x: () => reshape(dy as Tensor, (saved[0] as Tensor).shape) }),
});
