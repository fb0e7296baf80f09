"""Writes fixtures/images/processor.json: grids and checksums of transformers' SmolVLM image processor on pictures given by a
formula, for src/models/smolvlm/imageProcessor.test.ts.

    python scripts/reference/make_processor_fixture.py     (needs numpy, pillow, transformers >= 5.17)
"""
import json, pathlib
import numpy as np
from PIL import Image
from transformers.models.smolvlm.image_processing_pil_smolvlm import SmolVLMImageProcessorPil

out = pathlib.Path(__file__).parents[2] / "fixtures/images/processor.json"
cases = []
for w, h, edge, frame, splitting in [(90, 50, 128, 64, True), (50, 90, 64, 64, True), (33, 33, 64, 64, False), (200, 31, 96, 32, True), (31, 200, 96, 32, True),
                                     (7, 3, 64, 32, False), (129, 128, 64, 32, True), (101, 1, 64, 32, True), (1, 77, 64, 32, True), (100, 75, 50, 20, True)]:
    i = np.arange(w * h * 3)
    a = ((i * 7919 + (i >> 5) * 104729) % 251).astype(np.uint8).reshape(h, w, 3)
    p = SmolVLMImageProcessorPil(size={"longest_edge": edge}, max_image_size={"longest_edge": frame}, do_image_splitting=splitting, resample=1, image_mean=[.5] * 3, image_std=[.5] * 3)
    e = p([[Image.fromarray(a)]], return_tensors="np", return_row_col_info=True)
    x = e["pixel_values"][0].reshape(len(e["pixel_values"][0]), -1).astype(np.float64)
    cases.append(dict(width=w, height=h, longest_edge=edge, frame=frame, splitting=splitting, rows=int(e["rows"][0][0]), columns=int(e["cols"][0][0]),
                      sums=x.sum(1).tolist(), picks=[float(x[f][(f * 131) % x.shape[1]]) for f in range(len(x))]))
out.write_text(json.dumps(cases))
