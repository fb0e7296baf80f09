"""The embedded model in Python: loads public/models/shapes-vlm with transformers and compares greedy answers with this engine's.

    node scripts/run.mjs scripts/reference/dumpEmbedded.ts > /tmp/embedded.json
    python scripts/reference/check_embedded.py /tmp/embedded.json      # needs torch, transformers 5, pillow
"""
import base64, json, sys, types

sys.modules.setdefault("num2words", types.ModuleType("num2words")).num2words = str
import torch
from PIL import Image
from transformers import AutoImageProcessor, AutoModelForImageTextToText, AutoTokenizer

folder = "public/models/shapes-vlm"
model = AutoModelForImageTextToText.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
tokenizer = AutoTokenizer.from_pretrained(folder)
images = AutoImageProcessor.from_pretrained(folder, backend="pil")
expand = "<fake_token_around_image><global-img>" + "<image>" * 16 + "<fake_token_around_image>"
wrong = 0
for case in json.load(open(sys.argv[1])):
    image = Image.frombytes("RGB", (case["width"], case["height"]), base64.b64decode(case["rgb"]))
    messages = [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": case["text"]}]}]
    prompt = tokenizer.apply_chat_template(messages, add_generation_prompt=True, tokenize=False).replace("<image>", expand, 1)
    ids = torch.tensor([tokenizer(prompt, add_special_tokens=False).input_ids])
    pixels = images([[image]], return_tensors="pt")
    with torch.no_grad():
        out = model.generate(input_ids=ids, attention_mask=torch.ones_like(ids), pixel_values=pixels["pixel_values"], do_sample=False, max_new_tokens=64)
    answer = out[0, ids.shape[1]:].tolist()
    same = answer == case["ids"]
    wrong += not same
    print("equal " if same else "DIFFERENT", tokenizer.decode(answer))
    if not same:
        print("   engine:", tokenizer.decode(case["ids"]))
print(f"{wrong} of the answers differ")
sys.exit(wrong > 0)
