"""Takes the steps of a pretraining run with PyTorch, for machines where one core is all there is (about three times the wasm
backend): the same samples, loss, schedule and AdamW, on the same state files, so either trainer goes on where the other stopped.

    node scripts/run.mjs scripts/pretrain/dumpSamples.ts --state runs/pretrain-sums | \\
      python scripts/pretrain/torchReplica.py runs/pretrain-sums      # needs torch, transformers 5, safetensors
"""
import base64, json, sys, time, types

sys.modules.setdefault("num2words", types.ModuleType("num2words")).num2words = str
import numpy as np
import torch
from safetensors.torch import save_file
from transformers import AutoModelForImageTextToText

torch.set_num_threads(1)
state_folder = sys.argv[1]
head = json.loads(sys.stdin.readline())
plan, first = head["plan"], head["step"]
offsets = {name: place for name, place in head["offsets"]}
size = sum(place["size"] for place in offsets.values())
state = np.fromfile(f"{state_folder}/state.bin", dtype=np.float32).reshape(3, size)

model = AutoModelForImageTextToText.from_pretrained(plan["folder"], dtype=torch.float32, attn_implementation="sdpa").train()
named = dict(model.named_parameters())
assert named.keys() == offsets.keys(), named.keys() ^ offsets.keys()
moments = {}
for name, parameter in named.items():
    start, count = offsets[name]["start"], offsets[name]["size"]
    value, m, v = (torch.from_numpy(row[start:start + count].copy()).view(parameter.shape) for row in state)
    parameter.data.copy_(value)
    moments[name] = (m, v)


def forward(samples):
    """Mean negative log-likelihood of the learnt tokens; answers share the prompt's rows and do not see each other."""
    sequences = []
    for sample in samples:
        prompt = sample["prompt"]
        ids, positions, segment, targets = list(prompt), list(range(len(prompt))), [0] * len(prompt), [-100] * len(prompt)
        for number, (response, learnt) in enumerate(zip(sample["responses"], sample["learnt"]), 1):
            # As in engine/packing.ts the last prompt token is repeated as the first row of each segment.
            rows = [prompt[-1]] + response[:-1]
            ids += rows
            positions += range(len(prompt) - 1, len(prompt) - 1 + len(rows))
            segment += [number] * len(rows)
            targets += [-100] * (len(response) - int(learnt)) + response[len(response) - int(learnt):]
        # The prompt's own last row is not seen by the segments, which have their copy of it.
        segment[len(prompt) - 1] = -1
        sequences.append((ids, positions, segment, targets))
    longest = max(len(ids) for ids, *_ in sequences)
    pad = lambda rows, value: torch.tensor([row + [value] * (longest - len(row)) for row in rows])
    ids, positions = pad([s[0] for s in sequences], 0), pad([s[1] for s in sequences], 0)
    segment, targets = pad([s[2] for s in sequences], -2), pad([s[3] for s in sequences], -100)
    causal = torch.ones(longest, longest, dtype=torch.bool).tril()
    same = segment[:, :, None] == segment[:, None, :]
    visible = causal & (same | (segment[:, None, :] == 0))
    mask = torch.zeros(visible.shape).masked_fill(~visible, torch.finfo(torch.float32).min)[:, None]

    pixels = np.stack([np.frombuffer(base64.b64decode(s["rgb"]), dtype=np.uint8).reshape(64, 64, 3) for s in samples])
    pixels = torch.from_numpy(pixels.copy()).permute(0, 3, 1, 2)[:, None].float() / 255 * 2 - 1
    features = model.model.get_image_features(pixels).pooler_output
    embeds = model.model.text_model.get_input_embeddings()(ids)
    embeds = embeds.masked_scatter((ids == model.config.image_token_id)[..., None], features.reshape(-1, features.shape[-1]))
    hidden = model.model.text_model(inputs_embeds=embeds, attention_mask=mask, position_ids=positions).last_hidden_state
    chosen = targets >= 0
    return torch.nn.functional.cross_entropy(model.lm_head(hidden[chosen]), targets[chosen])


@torch.no_grad()
def adamw(step, learning_rate):
    """The engine's step: gradient clip by global norm, β 0.9 and 0.98, decay on matrices only. Returns the norm."""
    norm = torch.sqrt(sum((p.grad ** 2).sum() for p in named.values())).item()
    scale = min(1.0, plan["maxGradNorm"] / (norm + 1e-6))
    for name, p in named.items():
        m, v = moments[name]
        g = p.grad * scale
        m.mul_(0.9).add_(g, alpha=0.1)
        v.mul_(0.98).addcmul_(g, g, value=0.02)
        if p.dim() > 1:
            p.mul_(1 - learning_rate * plan["weightDecay"])
        root = (v / (1 - 0.98 ** step)).sqrt_().add_(1e-8)
        p.addcdiv_(m, root, value=-learning_rate / (1 - 0.9 ** step))
        p.grad = None
    return norm


def save(step):
    for name, p in named.items():
        start, count = offsets[name]["start"], offsets[name]["size"]
        for row, value in zip(state, (p.data, *moments[name])):
            row[start:start + count] = value.reshape(-1).numpy()
    state.tofile(f"{state_folder}/state.bin")
    json.dump({"step": step, "plan": plan}, open(f"{state_folder}/progress.json", "w"))
    save_file({name: p.data.half().contiguous() for name, p in named.items()}, f"{plan['folder']}/model.safetensors", {"format": "pt"})


started, average, done = time.time(), None, first
for line in sys.stdin:
    record = json.loads(line)
    loss = forward(record["samples"])
    loss.backward()
    done = record["step"] + 1
    norm = adamw(done, record["learningRate"])
    average = loss.item() if average is None else 0.98 * average + 0.02 * loss.item()
    if done % 20 == 0 or done == first + 1:
        seconds = time.time() - started
        row = {"step": done, "loss": loss.item(), "gradNorm": norm, "learningRate": record["learningRate"], "saved": done % 50 == 0,
               "samples": done * plan["batch"], "average": average, "seconds": seconds}
        open(f"{state_folder}/curve.jsonl", "a").write(json.dumps(row) + "\n")
        print(f"{done} loss {loss.item():.4f} ({average:.4f}) |g| {norm:.2f} {(done - first) * plan['batch'] / seconds:.1f}/s", flush=True)
    if done % 50 == 0:
        save(done)
save(done)
