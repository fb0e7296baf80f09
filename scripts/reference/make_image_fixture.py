"""Writes small picture files and masking results to fixtures/images/, for the tests of src/image.

    python scripts/reference/make_image_fixture.py     (needs numpy, pillow >= 12)
"""
import base64, io, json, pathlib, struct, zlib
import numpy as np, PIL
from PIL import Image, ImageFilter

out = pathlib.Path(__file__).parents[2] / "fixtures/images"
text = lambda a: base64.b64encode(np.ascontiguousarray(a).tobytes()).decode()
r = np.random.RandomState(7)
a = r.randint(0, 256, (19, 33, 3)).astype(np.uint8)
im = Image.fromarray(a)

# The official alternatives to patch blackening: noise std 189 (legacy generator), blur radius 6.
noise = lambda seed: np.clip(a.astype(np.float64) + np.random.RandomState(seed).normal(0, 189, a.shape), 0, 255).astype(np.uint8)
blurs = [dict(size=[w, h], radius=rad, rgb=text(np.array(Image.fromarray(a[:h, :w]).filter(ImageFilter.GaussianBlur(rad)))))
         for w, h, rad in [(33, 19, 6.0), (33, 19, 1.5), (33, 19, .4), (5, 19, 6.0), (1, 1, 6.0), (33, 2, 20.0)]]
draws = {str(s): np.random.RandomState(s).random_sample(700)[-4:].tolist() for s in (0, 40, 4294967295)}
normals = np.random.RandomState(3).standard_normal(5).tolist()
(out / "masks.json").write_text(json.dumps(dict(pillow=PIL.__version__, numpy=np.__version__, size=[33, 19], rgb=text(a),
    noise=[dict(seed=s, rgb=text(noise(s))) for s in (0, 11)], blur=blurs, draws_697_to_700=draws, normals_seed_3=normals)))

# One picture, every accepted container; "expected.json" has what PIL's convert("RGB") makes of each lossless one.
p = Image.fromarray(np.kron(r.randint(0, 256, (3, 4, 3)), np.ones((4, 4, 1))).astype(np.uint8))          # 16 x 12
alpha = np.full((12, 16), 255, np.uint8); alpha[:4] = 0; alpha[4:8] = 100
rgba = p.copy(); rgba.putalpha(Image.fromarray(alpha))
files = {}
def add(name, image, **kw):
    b = io.BytesIO(); image.save(b, **kw); (out / name).write_bytes(b.getvalue()); files[name] = Image.open(io.BytesIO(b.getvalue())).convert("RGB")
add("rgb.png", p, format="PNG"); add("rgba.png", rgba, format="PNG"); add("grey.png", p.convert("L"), format="PNG")
add("palette.png", p.quantize(7), format="PNG"); add("bilevel.png", p.convert("1"), format="PNG")
add("animated.png", p, format="PNG", save_all=True, append_images=[p.rotate(180)], duration=50)
add("lossless.webp", p, format="WEBP", lossless=True); add("animated.webp", p, format="WEBP", lossless=True, save_all=True, append_images=[p.rotate(180)], duration=50)
add("transparent.webp", rgba, format="WEBP", lossless=True, exact=True); add("lossy.webp", p, format="WEBP", quality=90)
exif = Image.Exif(); exif[0x0112] = 6
add("rotated.jpg", p, format="JPEG", quality=100, subsampling=0, exif=exif); add("plain.jpg", p, format="JPEG", quality=100, subsampling=0)
add("animated.gif", p, format="GIF", save_all=True, append_images=[p.rotate(180)])
(out / "expected.json").write_text(json.dumps({n: dict(size=list(i.size), rgb=text(np.array(i))) for n, i in files.items() if n.endswith((".png", ".webp"))}))
