"""Writes fixtures/gguf/:
- blocks.safetensors: blocks of every ggml number type that is read, with gguf-py's dequantisation;
- <name>/{model,mmproj}.gguf: the tiny golden checkpoints as a GGUF pair, in BF16 and, with "-q8", in Q8_0.

    python scripts/reference/make_gguf_fixture.py [folder of checkpoints, default fixtures/]     (needs gguf, torch, safetensors)

The pairs are written with gguf-py's GGUFWriter and its own tables of tensor names. llama.cpp's converter (conversion/*.py) is
not a package; what it does beyond those tables is done here the same way:
- names: SmolVLM's `model.text_model.` becomes `model.`, Qwen's `model.visual.` becomes `visual.`, `model.language_model.` `model.`;
- architecture `llama`: rows of Q and K per head from half-split to interleaved rotary order;
- a patch kernel with two frames becomes v.patch_embd.weight and v.patch_embd.weight.1; Qwen2.5-VL's fused QKV is split;
- Qwen3-VL: merger.norm is v.post_ln, merger.linear_fc1|2 are mm.0|2, the j-th deepstack merger is v.deepstack.{its block};
- one-dimensional tensors and SmolVLM's embeddings are F32, Q8_0 falls back to F16 where a row is no multiple of 32;
- metadata as base.py, llama.py, smolvlm.py, qwenvl.py and qwen3vl.py write it, epsilons and frequencies as float32.
Added, because the tiny models differ from what llama.cpp has built in: clip.vision.window_size (gguf-py names the key, the
converter does not write it) and clip.vision.image_min_pixels / image_max_pixels.
"""
import json, pathlib, sys
import numpy as np
from gguf import GGMLQuantizationType as T, GGUFWriter, MODEL_ARCH, TokenType, get_tensor_name_map
from gguf.constants import GGML_QUANT_SIZES, Keys
from gguf.quants import dequantize, quantize
from safetensors import safe_open
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


class Checkpoint:
    def __init__(self, folder):
        read = lambda name: json.loads((folder / name).read_text())
        self.config, self.preprocessor, self.tokenizer, self.tokenizer_config = map(read, ["config.json", "preprocessor_config.json", "tokenizer.json", "tokenizer_config.json"])
        self.template = (folder / "chat_template.jinja").read_text()
        self.text, self.vision = self.config["text_config"], self.config["vision_config"]
        with safe_open(folder / "model.safetensors", "pt") as f:
            self.tensors = {name: f.get_tensor(name).float().numpy() for name in f.keys()}


def write(path, arch, add, tensors, kind):
    writer = GGUFWriter(str(path), arch)
    writer.add_quantization_version(2)
    add(writer)
    for name, values in tensors:
        values = np.ascontiguousarray(values)
        chosen = T.F32 if values.ndim == 1 or ".position_embd" in name or (name.startswith("v.patch_embd") and kind.startswith("smolvlm")) else T.BF16
        if chosen == T.BF16 and kind.endswith("-q8"):
            chosen = T.Q8_0 if values.shape[-1] % 32 == 0 else T.F16
        writer.add_tensor(name, quantize(values, chosen), raw_dtype=chosen)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def add_tokenizer(w, c, pre):
    vocab = c.text["vocab_size"]
    tokens, types = [f"[PAD{i}]" for i in range(vocab)], [TokenType.UNUSED] * vocab
    for token, i in c.tokenizer["model"]["vocab"].items():
        tokens[i], types[i] = token, TokenType.NORMAL
    for added in c.tokenizer["added_tokens"]:
        tokens[added["id"]], types[added["id"]] = added["content"], TokenType.CONTROL if added["special"] else TokenType.USER_DEFINED
    w.add_tokenizer_model("gpt2")
    w.add_tokenizer_pre(pre)
    w.add_token_list(tokens)
    w.add_token_types(types)
    w.add_token_merges([" ".join(pair) if isinstance(pair, list) else pair for pair in c.tokenizer["model"]["merges"]])
    for name, add in (("bos", w.add_bos_token_id), ("eos", w.add_eos_token_id), ("pad", w.add_pad_token_id), ("unk", w.add_unk_token_id)):
        token = c.tokenizer_config.get(f"{name}_token")
        if token in tokens:
            add(tokens.index(token))
    w.add_add_bos_token(False)
    w.add_chat_template(c.template)


def add_text(w, c, pre):
    t, rope = c.text, c.text["rope_parameters"]
    w.add_type("model")
    w.add_block_count(t["num_hidden_layers"])
    w.add_context_length(t["max_position_embeddings"])
    w.add_embedding_length(t["hidden_size"])
    w.add_feed_forward_length(t["intermediate_size"])
    w.add_head_count(t["num_attention_heads"])
    w.add_head_count_kv(t["num_key_value_heads"])
    w.add_rope_freq_base(rope["rope_theta"])
    w.add_layer_norm_rms_eps(t["rms_norm_eps"])
    if "head_dim" in t:
        w.add_key_length(t["head_dim"])
        w.add_value_length(t["head_dim"])
    if pre == "smollm":
        w.add_vocab_size(t["vocab_size"])
        w.add_rope_dimension_count(t["head_dim"])
    else:
        w.add_rope_dimension_sections([*rope["mrope_section"], 0])
    if "deepstack_visual_indexes" in c.vision:
        w.add_num_deepstack_layers(len(c.vision["deepstack_visual_indexes"]))
    add_tokenizer(w, c, pre)


def add_vision(w, c, projector):
    v, p = c.vision, c.preprocessor
    depth = v.get("depth", v.get("num_hidden_layers"))
    w.add_type("mmproj")
    w.add_clip_has_vision_encoder(True)
    w.add_vision_projection_dim(c.text["hidden_size"])
    positions = v.get("num_position_embeddings")
    w.add_vision_image_size(v.get("image_size", int(positions**0.5 * v["patch_size"]) if positions else 560))
    w.add_vision_patch_size(v["patch_size"])
    w.add_vision_embedding_length(v["hidden_size"])
    w.add_vision_feed_forward_length(v["intermediate_size"])
    w.add_vision_block_count(depth)
    w.add_vision_head_count(v.get("num_heads", v.get("num_attention_heads")))
    w.add_vision_image_mean(p["image_mean"])
    w.add_vision_image_std(p["image_std"])
    w.add_clip_projector_type(projector)
    if projector == "idefics3":
        w.add_vision_attention_layernorm_eps(v["layer_norm_eps"])
        w.add_vision_projector_scale_factor(c.config["scale_factor"])
        w.add_vision_use_gelu(True)
        w.add_vision_preproc_image_size(p["size"]["longest_edge"])
        return
    w.add_vision_attention_layernorm_eps(c.text["rms_norm_eps"])
    w.add_vision_min_pixels(p["min_pixels"])
    w.add_vision_max_pixels(p["max_pixels"])
    if projector == "qwen2.5vl_merger":
        full = v["fullatt_block_indexes"]
        assert all(b - a == full[0] + 1 for a, b in zip(full, full[1:]))
        w.add_vision_use_silu(True)
        w.add_vision_n_wa_pattern(full[0] + 1)
        w.add_uint32(Keys.ClipVision.WINDOW_SIZE, v["window_size"])
    else:
        w.add_vision_use_gelu(True)
        w.add_vision_spatial_merge_size(v["spatial_merge_size"])
        w.add_vision_is_deepstack_layers([i in v["deepstack_visual_indexes"] for i in range(depth)])


def interleave_heads(w, heads):
    return w.reshape(heads, 2, w.shape[0] // heads // 2, *w.shape[1:]).swapaxes(1, 2).reshape(w.shape)


def split_tensors(c, arch):
    """The checkpoint's tensors under GGUF names: [text], [projector]."""
    text_names = get_tensor_name_map(arch, c.text["num_hidden_layers"])
    vision_names = get_tensor_name_map(MODEL_ARCH.MMPROJ, c.vision.get("depth", c.vision.get("num_hidden_layers")))
    text, vision = [], []
    for name, w in c.tensors.items():
        short = name.replace("model.text_model.", "model.").replace("model.language_model.", "model.").replace("model.visual.", "visual.")
        if not short.startswith(("visual.", "model.vision_model.", "model.connector.")):
            if arch == MODEL_ARCH.LLAMA and ".q_proj" in name:
                w = interleave_heads(w, c.text["num_attention_heads"])
            if arch == MODEL_ARCH.LLAMA and ".k_proj" in name:
                w = interleave_heads(w, c.text["num_key_value_heads"])
            text.append((text_names.get_name(short, (".weight", ".bias")), w))
        elif short == "visual.patch_embed.proj.weight":
            vision += [("v.patch_embd.weight", w[:, :, 0]), ("v.patch_embd.weight.1", w[:, :, 1])]
        elif arch == MODEL_ARCH.QWEN2VL and ".qkv." in short:
            vision += [(vision_names.get_name(short.replace("qkv", part), (".weight", ".bias")), third) for part, third in zip("qkv", np.split(w, 3))]
        elif arch == MODEL_ARCH.QWEN3VL and short.startswith("visual.merger."):
            new = {"norm": "v.post_ln", "linear_fc1": "mm.0", "linear_fc2": "mm.2"}
            _, _, part, kind = short.split(".")
            vision.append((f"{new[part]}.{kind}", w))
        elif short.startswith("visual.deepstack_merger_list."):
            _, _, j, part, kind = short.split(".")
            vision.append((f"v.deepstack.{c.vision['deepstack_visual_indexes'][int(j)]}.{part.replace('linear_', '')}.{kind}", w))
        else:
            vision.append((vision_names.get_name(short, (".weight", ".bias")), w))
    assert all(name for name, _ in text + vision), [name for name, _ in text + vision]
    return text, vision


def write_pair(source, name, arch, arch_name, pre, projector):
    c = Checkpoint(source)
    folder = out / name
    folder.mkdir(parents=True, exist_ok=True)
    text, vision = split_tensors(c, arch)
    write(folder / "model.gguf", arch_name, lambda w: add_text(w, c, pre), text, name)
    write(folder / "mmproj.gguf", "clip", lambda w: add_vision(w, c, projector), vision, name)


if __name__ == "__main__":
    checkpoints = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else out.parent
    out.mkdir(parents=True, exist_ok=True)
    write_blocks()
    for name in ("smolvlm", "smolvlm-q8"):
        write_pair(checkpoints / "smolvlm", name, MODEL_ARCH.LLAMA, "llama", "smollm", "idefics3")
    write_pair(checkpoints / "qwen2_5_vl-tied", "qwen2_5_vl-tied", MODEL_ARCH.QWEN2VL, "qwen2vl", "qwen2", "qwen2.5vl_merger")
    write_pair(checkpoints / "qwen3_vl-untied", "qwen3_vl-untied", MODEL_ARCH.QWEN3VL, "qwen3vl", "qwen2", "qwen3vl_merger")
