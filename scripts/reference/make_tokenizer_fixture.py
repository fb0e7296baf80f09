"""Writes fixtures/text/: two byte-level BPE tokenizers (SmolLM2's and Qwen's way of splitting) with what Python's `tokenizers`
makes of awkward texts. Their merges are learnt from these very texts, so that a wrong split shows in the ids.

    python scripts/reference/make_tokenizer_fixture.py     (needs tokenizers)
"""
import json, pathlib, random
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
import tokenizers

out = pathlib.Path(__file__).parents[2] / "fixtures/text"
QWEN = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
alphabet = ["a", "The", " circle", "s", "'s", "'LL", "'re", " ", "  ", "\n", "\n\n", "\r\n", "\t", "\u0085", "\u00a0", "\ufeff", "\u3000", "\u200b", "\u180e", "1", "12", "²", " ²", "½", "٣", "Ⅷ",
            "é", "e\u0301", "日本", "ß", "İ", "🔴", "👩‍👩‍👧", "<", "|", ">", "...", "—", " !", "?!", "$\\frac{1}{2}$", "\\boxed{3}", "_", "\x00", "\u0300"]
r = random.Random(5)
texts = ["".join(r.choice(alphabet) for _ in range(r.randint(1, 14))) for _ in range(150)]

def make(qwen):
    t = Tokenizer(models.BPE())
    if qwen:
        t.normalizer = normalizers.NFC()
        t.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(QWEN), behavior="isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    else:
        t.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)])
    t.decoder = decoders.ByteLevel()
    # Every text is repeated so that whole pieces become tokens.
    t.train_from_iterator(texts * 3, trainers.BpeTrainer(vocab_size=900, min_frequency=2, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    t.add_special_tokens(["<|im_start|>", "<|im_end|>", "<image>"])
    t.add_tokens([AddedToken("<think>", special=False, normalized=False), AddedToken("</think>", special=False, normalized=False)])
    return t

mixed = texts + ["<|im_start|>user\nHow <think>many</think> <image> circles?<|im_end|>\n"]
for name, qwen in (("digits", False), ("qwen", True)):
    t = make(qwen)
    t.save(str(out / f"{name}-tokenizer.json"), pretty=False)
    (out / f"{name}-cases.json").write_text(json.dumps(dict(tokenizers=tokenizers.__version__, cases=[dict(text=x, ids=t.encode(x, add_special_tokens=False).ids) for x in mixed])))
