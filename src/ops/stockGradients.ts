// Gradients of the stock operations that appear between our own on the tape. `@tensorflow/tfjs-core` registers none by itself,
// and its register-all module neither loads in Node nor is small; models use nothing but reshape, add where image features
// join the decoder's blocks (DeepStack), slice and concat of rows where wide blocks are cut (nn/rowChunks) and of columns where one
// product gives several results (models/qwen), and a product with weights of rows (interpolated positions).

import {
  broadcast_util,
  clone,
  concat,
  mul,
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

// What concat of a single tensor does.
registerGradient({ kernelName: "Identity", gradFunc: (dy) => ({ x: () => clone(dy as Tensor) }) });

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
    const { shape } = saved[0] as Tensor;
    const { begin } = attributes as unknown as { begin: number[] };
    if (shape.length !== 2) throw new Error("only slices of matrices have a gradient");
    return {
      x: () => [1, 0].reduce((padded, axis) => padAxis(padded, axis, begin[axis] ?? 0, shape[axis] as number), dy as Tensor),
    };
  },
});

registerGradient({
  kernelName: "Concat",
  saveAllInputs: true,
  gradFunc: (dy, saved, attributes) => {
    const { axis } = attributes as unknown as { axis: number };
    let first = 0;
    // Keyed by the input's place, as the kernel names its inputs.
    return Object.fromEntries(
      saved.map((part, i) => {
        const begin = part.shape.map((_, a) => (a === axis ? first : 0));
        first += part.shape[axis] as number;
        return [String(i), () => slice(dy as Tensor, begin, part.shape)];
      }),
    );
  },
});

registerGradient({
  kernelName: "Multiply",
  inputsToSave: ["a", "b"],
  gradFunc: (dy, saved) => {
    const [a, b] = saved as [Tensor, Tensor];
    return { a: () => summedLike(a, mul(dy as Tensor, b)), b: () => summedLike(b, mul(dy as Tensor, a)) };
  },
});

/** A matrix with zeros before and after along one axis, so that it starts at `begin` and the axis has `size`. */
function padAxis(x: Tensor, axis: number, begin: number, size: number): Tensor {
  const after = size - begin - (x.shape[axis] as number);
  if (begin === 0 && after === 0) return clone(x);
  const some = (count: number) => zeros(x.shape.map((length, a) => (a === axis ? count : length)) as [number, number]);
  return concat([some(begin), x as Tensor2D, some(after)], axis);
}

/** The cotangent of a term that was repeated along some axes: the sum over them. */
function summedLike(term: Tensor, dy: Tensor): Tensor {
  if (term.shape.join() === dy.shape.join()) return clone(dy);
  return reshape(sum(dy, broadcast_util.getReductionAxes(term.shape, dy.shape)), term.shape);
}
