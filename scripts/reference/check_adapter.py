"""Adapters saved by this program in Python: PEFT loads each on its golden folder and must give this program's logits.

    node scripts/run.mjs scripts/reference/dumpAdapter.ts /tmp/adapters
    python scripts/reference/check_adapter.py /tmp/adapters      # needs torch, transformers 5, peft

Fails when PEFT warns (of missing adapter keys, say), when the adapter changes nothing, or when a logit is further off than
5e-4 of the largest.
"""
import json, sys, warnings

import torch
from peft import PeftModel
from safetensors.torch import load_file
from transformers import AutoModelForImageTextToText

failed = 0
folders = ["smolvlm", "qwen2_5_vl-tied", "qwen2_5_vl-untied", "qwen3_vl-tied", "qwen3_vl-untied"]
for name in [folder + suffix for folder in folders for suffix in ["", "+tower"]]:
    folder, adapter = f"fixtures/{name.removesuffix('+tower')}", f"{sys.argv[1]}/{name}"
    case = json.load(open(f"{folder}/golden/case-0/case.json"))
    golden = load_file(f"{folder}/golden/case-0/tensors.safetensors")
    ours = load_file(f"{adapter}/logits.safetensors")["logits"]
    saved = load_file(f"{adapter}/adapter_model.safetensors")
    base = AutoModelForImageTextToText.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
    image_token = base.config.image_token_id
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model = PeftModel.from_pretrained(base, adapter).eval()
    complaints = [str(w.message) for w in caught if "key" in str(w.message).lower() or "adapter" in str(w.message).lower()]
    held = {k: v for k, v in model.state_dict().items() if "lora_" in k}
    loaded = len(held) == len(saved) and all(torch.equal(held[k.replace(".weight", ".default.weight")], v) for k, v in saved.items())

    ids = torch.tensor([case["input_ids"]])
    inputs = dict(input_ids=ids, attention_mask=torch.ones_like(ids), pixel_values=golden["pixel_values"])
    if "pixel_attention_mask" in golden:
        inputs["pixel_attention_mask"] = golden["pixel_attention_mask"].long()
    if "image_grid_thw" in golden:  # Qwen: which tokens are text (0) and which are image (1)
        inputs |= dict(image_grid_thw=golden["image_grid_thw"].long(), mm_token_type_ids=(ids == image_token).int())
    with torch.no_grad():
        theirs = model(**inputs).logits[0].float()
        with model.disable_adapter():
            bare = model(**inputs).logits[0].float()
    largest = theirs.abs().max().item()
    difference, effect = (ours - theirs).abs().max().item(), (theirs - bare).abs().max().item()
    reproduced = (bare - golden["logits"]).abs().max().item() <= 1e-4 * largest  # the call itself is the golden one
    ok = difference <= 5e-4 * largest and effect > 0.01 * largest and loaded and reproduced and not complaints
    failed += not ok
    print(f"{name:24} {len(saved) // 2} modules, max |difference| {difference:.2e} of max |logit| {largest:.2f} ({difference / largest:.1e}), "
          f"the adapter moves them by {effect:.2f}  {'ok' if ok else 'FAIL'}")
    for complaint in complaints:
        print("   PEFT says:", complaint)
print(f"{failed} of the adapters differ")
sys.exit(failed > 0)
