"""Writes fixtures/images/resize.json: what Pillow's resampler gives, for src/image/resize.test.ts.

    python scripts/reference/make_resize_fixture.py     (needs numpy, pillow >= 12)
"""
import base64, json, pathlib
import numpy as np, PIL
from PIL import Image

out = pathlib.Path(__file__).parents[2] / "fixtures/images/resize.json"
filters = {"bilinear": Image.BILINEAR, "bicubic": Image.BICUBIC, "lanczos": Image.LANCZOS}
text = lambda im: base64.b64encode(np.array(im).tobytes()).decode()
cases = []
for n, (size, targets) in enumerate([((37, 23), [(64, 64), (11, 7), (37, 50), (19, 23), (1, 1)]), ((5, 61), [(16, 128), (3, 9)]), ((1, 1), [(4, 3)])]):
    source = Image.fromarray(np.random.RandomState(n).randint(0, 256, (size[1], size[0], 3)).astype(np.uint8))
    results = [dict(filter=name, size=list(to), rgb=text(source.resize(to, f))) for to in targets for name, f in filters.items()]
    cases.append(dict(size=list(size), rgb=text(source), results=results))
out.write_text(json.dumps(dict(pillow=PIL.__version__, cases=cases)))
