"""Writes fixtures/gguf/blocks.safetensors: blocks of every ggml number type that is read, with gguf-py's dequantisation.

    python scripts/reference/make_gguf_fixture.py     (needs gguf, numpy, safetensors)
"""
import pathlib
import numpy as np
from gguf import GGMLQuantizationType as T
from gguf.constants import GGML_QUANT_SIZES
from gguf.quants import dequantize
from safetensors.numpy import save_file

out = pathlib.Path(__file__).parents[2] / "fixtures/gguf"
# Where the half-precision numbers of a block lie.
HALVES = {T.Q4_0: [0], T.Q4_1: [0, 2], T.Q5_0: [0], T.Q5_1: [0, 2], T.Q8_0: [0], T.Q4_K: [0, 2], T.Q5_K: [0, 2], T.Q6_K: [208]}
# Largest, smallest normal, smallest subnormal, zeros, one third: a scale's rounding and sign must survive.
EXTREME = np.array([65504, -65504, 6.104e-05, 6e-08, -6e-08, 0.0, -0.0, 1 / 3], dtype=np.float16)


def blocks_of(kind, rng):
    weights, size = GGML_QUANT_SIZES[kind]
    count = 14 if weights > 1 else 64
    blocks = rng.integers(0, 256, (count, size), dtype=np.uint8)
    if weights == 1:  # plain numbers: every finite pattern and the infinities, no NaN, whose payload has no meaning
        number = {T.F32: np.float32, T.F16: np.float16}.get(kind)
        values = np.concatenate([np.array([0.0, -0.0, np.inf, -np.inf, 1e-7, -6e-8, 3.0], dtype=np.float32), rng.normal(size=count - 7).astype(np.float32)])
        return values.astype(number).view(np.uint8).reshape(count, size) if number else (values.view(np.uint32) >> 16).astype(np.uint16).view(np.uint8).reshape(count, size)
    blocks[-2], blocks[-1] = 0, 255
    for at in HALVES[kind]:
        scales = np.concatenate([EXTREME, rng.normal(scale=0.02, size=count - len(EXTREME)).astype(np.float16)])
        blocks[:, at:at + 2] = rng.permutation(scales).view(np.uint8).reshape(count, 2)
    return blocks


def write_blocks():
    rng = np.random.default_rng(7)
    tensors = {}
    for kind in (T.F32, T.F16, T.BF16, *HALVES):
        blocks = blocks_of(kind, rng)
        values = dequantize(blocks, kind).astype(np.float32).reshape(-1)
        assert not np.isnan(values).any(), kind
        tensors[f"{kind.name}.bytes"], tensors[f"{kind.name}.values"] = blocks.reshape(-1), values
    save_file(tensors, out / "blocks.safetensors")


if __name__ == "__main__":
    out.mkdir(parents=True, exist_ok=True)
    write_blocks()
