"""Writes fixtures/qwen/processor.json for src/models/qwen/*.test.ts: results of transformers' smart_resize for many sizes, and
grids and checksums of its Qwen2-VL image processor on pictures given by a formula.

    python scripts/reference/make_qwen_processor_fixture.py     (needs numpy, pillow, transformers >= 5.17)
"""
import json, pathlib, random
import numpy as np
from PIL import Image
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil, smart_resize

out = pathlib.Path(__file__).parents[2] / "fixtures/qwen/processor.json"
out.parent.mkdir(exist_ok=True)
rng = random.Random(0)
bounds = [(28, 3136, 12845056), (28, 3136, 50176), (28, 3136, 1003520), (32, 65536, 16777216), (32, 4096, 65536), (28, 200704, 262144)]
# Halves (70 / 28 = 2.5), sides below one token, bounds met exactly, the longest pictures allowed and one too long.
pairs = [(70, 98), (98, 70), (126, 14), (14, 14), (16, 48), (48, 80), (1, 1), (1, 200), (201, 1), (5600, 28), (29, 5780), (224, 224), (225, 223), (4032, 3024), (640, 480)]
pairs += [(round(2 ** rng.uniform(0, 12.5)), round(2 ** rng.uniform(0, 12.5))) for _ in range(60)]
sizes = []
for w, h in pairs:
    for factor, low, high in bounds:
        try:
            height, width = smart_resize(h, w, factor, low, high)
            sizes.append([w, h, factor, low, high, width, height])
        except ValueError:
            sizes.append([w, h, factor, low, high])

pictures = []
clip = ([0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711])
half = ([0.5] * 3, [0.5] * 3)
for w, h, patch, low, high, (mean, std) in [(90, 50, 14, 3136, 50176, clip), (50, 190, 14, 3136, 50176, clip), (300, 411, 14, 3136, 50176, clip), (7, 3, 14, 3136, 50176, clip),
                                            (90, 50, 16, 4096, 65536, half), (33, 260, 16, 4096, 65536, half), (500, 300, 16, 65536, 16777216, half)]:
    i = np.arange(w * h * 3)
    a = ((i * 7919 + (i >> 5) * 104729) % 251).astype(np.uint8).reshape(h, w, 3)
    p = Qwen2VLImageProcessorPil(size={"shortest_edge": low, "longest_edge": high}, patch_size=patch, image_mean=mean, image_std=std)
    e = p(images=[Image.fromarray(a)], return_tensors="np")
    x = e["pixel_values"].astype(np.float64)
    n = len(x)
    rows = sorted({0, 1, 2, 5 % n, n // 2, n - 1})
    pictures.append(dict(width=w, height=h, patch=patch, min=low, max=high, mean=mean, std=std, grid=e["image_grid_thw"][0].tolist(),
                         sums=[[r, float(x[r].sum())] for r in rows], picks=[[r, (r * 131 + 17) % x.shape[1], float(x[r][(r * 131 + 17) % x.shape[1]])] for r in range(0, n, max(1, n // 16))]))
out.write_text(json.dumps(dict(sizes=sizes, pictures=pictures)))
