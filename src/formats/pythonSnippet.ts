// The Python program that computes a token's numbers once more, with transformers: both pictures, the prompt by the checkpoint's own
// template, the very token ids, and at the end the page's numbers beside torch's. Weights are rounded as the page rounds them, so
// that what remains is the order of additions. Everything from outside enters as a JSON string or number, which Python reads as its
// own; so no text can become code. Pure. `scripts/reference/dumpSnippet.ts` runs it against the engine.

/** One of the page's numbers, by the name the program computes it under. */
export interface SnippetNumbers {
  readonly logp: number;
  readonly logpMasked: number;
  readonly kl: number;
  readonly jsd: number;
  readonly entropy: number;
  readonly entropyMasked: number;
}

/** What the program needs to know. */
export interface SnippetInput {
  /** Name of the model, for people. */
  readonly modelName: string;
  /** A repository of the Hub or a folder beside the program. */
  readonly model: string;
  /** Of a repository. */
  readonly revision?: string;
  /** Which processor there is: "SmolVLM" has tiles, both Qwen families a grid. */
  readonly family: string;
  readonly precision: { readonly text: string; readonly vision: string; readonly head: string; readonly groupSize: number };
  /** Whether a folder `adapter` (PEFT's layout) lies beside the program. */
  readonly hasAdapter: boolean;
  /** The user's text as the model got it, instruction included. */
  readonly text: string;
  /** Prompt tokens that the page counted; null when it did not. */
  readonly promptTokens: number | null;
  /** Ids of the answer up to and including the token. */
  readonly ids: readonly number[];
  readonly tokenText: string;
  readonly page: SnippetNumbers;
  /** Most likely tokens with the picture, and the page's two probabilities of each. */
  readonly top: readonly { readonly id: number; readonly probability: number; readonly probabilityMasked: number }[];
  /** What the reader should know about differences, one sentence each. */
  readonly notes: readonly string[];
}

/** The program's file names beside it. */
export const snippetFiles = { program: "reproduce.py", image: "image.png", masked: "masked.png", adapter: "adapter" } as const;

/** The program. */
export function pythonSnippet(input: SnippetInput): string {
  const { model, revision, precision, hasAdapter, text, promptTokens, ids, page, top, tokenText } = input;
  const isSmolVlm = input.family === "SmolVLM";
  const constants = [
    ["MODEL", model],
    ["REVISION", revision ?? null],
    ["ADAPTER", hasAdapter ? snippetFiles.adapter : null],
    ["FORMATS", { text: precision.text, vision: precision.vision, head: precision.head }],
    ["GROUP", precision.groupSize],
    ["TEXT", text],
    ["PROMPT_TOKENS", promptTokens],
    ["ANSWER_IDS", ids],
    ["TOKEN", tokenText],
    ["PAGE", page],
    ["TOP", top.map(({ id, probability, probabilityMasked }) => [id, probability, probabilityMasked])],
  ] as const;
  return [
    opening(input),
    imports(isSmolVlm),
    constants.map(([name, value]) => `${name} = ${pythonLiteral(value)}`).join("\n"),
    isSmolVlm ? smolVlmPrompt : qwenPrompt,
    weights,
    measuring,
  ].join("\n\n");
}

/** A value as Python writes it. */
export function pythonLiteral(value: unknown): string {
  if (value === null || value === undefined) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "number")
    return Number.isFinite(value) ? String(value) : `float("${Number.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf"}")`;
  // JSON's escapes are Python's; what JSON leaves as it is but looks like a line's end, or reverses the text, is escaped too.
  if (typeof value === "string") return JSON.stringify(value).replace(unseen, (letter) => `\\u${hex(letter)}`);
  if (Array.isArray(value)) return `[${value.map(pythonLiteral).join(", ")}]`;
  return `{${Object.entries(value)
    .map(([key, one]) => `${pythonLiteral(key)}: ${pythonLiteral(one)}`)
    .join(", ")}}`;
}

/** Controls, separators, marks of direction and width: nobody sees them in a program, and some change how it reads. */
const unseen = /[\u007f-\u00a0\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff\ufff9-\ufffb]/g;
const hex = (letter: string) => letter.charCodeAt(0).toString(16).padStart(4, "0");

function opening({ modelName, notes, ids }: SnippetInput): string {
  const name = modelName.replace(/[^\w ./-]/g, "?").slice(0, 80);
  const lines = [
    `"""Token ${ids.length} of an answer of ${name}, computed once more with transformers.`,
    "",
    "    pip install torch transformers pillow safetensors      # transformers 5",
    "    python reproduce.py                                    # or: python reproduce.py FOLDER_OF_THE_MODEL",
    "",
    `The pictures beside it (${snippetFiles.image}, ${snippetFiles.masked}) are what the model saw, in its own size.`,
    ...notes.map((note) => pythonLiteral(note).slice(1, -1).replaceAll('\\"', "'").replaceAll("\\", "/")),
    '"""',
  ];
  return lines.join("\n");
}

const imports = (isSmolVlm: boolean) => `import inspect, json, os, sys, types

sys.modules.setdefault("num2words", types.ModuleType("num2words")).num2words = str  # wanted by a processor, used for videos only
import torch
from PIL import Image
from transformers import AutoImageProcessor, AutoModelForImageTextToText, ${isSmolVlm ? "AutoProcessor" : "AutoTokenizer"}

os.chdir(os.path.dirname(os.path.abspath(__file__)))`;

const smolVlmPrompt = `if len(sys.argv) > 1:
    MODEL, REVISION = sys.argv[1], None
source = {"revision": REVISION} if REVISION else {}
processor = AutoProcessor.from_pretrained(MODEL, **source)
processor.image_processor = AutoImageProcessor.from_pretrained(MODEL, backend="pil", **source)  # the page resamples as PIL does


def inputs_of(picture):
    """Prompt ids and pixels for a picture."""
    messages = [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": TEXT}]}]
    prompt = processor.apply_chat_template(messages, add_generation_prompt=True)
    return dict(processor(text=prompt, images=[[picture]], add_special_tokens=False, return_tensors="pt"))`;

const qwenPrompt = `if len(sys.argv) > 1:
    MODEL, REVISION = sys.argv[1], None
source = {"revision": REVISION} if REVISION else {}
tokenizer = AutoTokenizer.from_pretrained(MODEL, **source)
images = AutoImageProcessor.from_pretrained(MODEL, backend="pil", **source)


def inputs_of(picture):
    """Prompt ids and pixels for a picture; it has its final size already."""
    messages = [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": TEXT}]}]
    prompt = tokenizer.apply_chat_template(messages, add_generation_prompt=True, tokenize=False)
    pixels = images([picture], do_resize=False, return_tensors="pt")
    count = int(pixels["image_grid_thw"][0].prod()) // images.merge_size**2
    prompt = prompt.replace("<|image_pad|>", "<|image_pad|>" * count, 1)
    ids = torch.tensor([tokenizer(prompt, add_special_tokens=False).input_ids])
    return {"input_ids": ids, "pixel_values": pixels["pixel_values"], "image_grid_thw": pixels["image_grid_thw"]}`;

const weights = `model = AutoModelForImageTextToText.from_pretrained(MODEL, dtype=torch.float32, attn_implementation="eager", **source).eval()


def rounded(weight, format):
    """A matrix as the page holds it: groups of columns share a scale; columns that are no multiple of the group become halves."""
    rows, columns = weight.shape
    if format in ("int8", "int4") and columns % GROUP != 0:
        format = "f16"
    if format == "f16":
        return weight.half().float() if columns % 4 == 0 else weight
    if format not in ("int8", "int4"):
        return weight
    w = weight.reshape(rows, columns // GROUP, GROUP).double()
    extreme = w.gather(-1, w.abs().argmax(-1, keepdim=True))

    def with_scale(scale, low, high):
        scale = scale.float().double()
        inverse = torch.where(scale == 0, torch.zeros_like(scale), 1 / scale)
        return ((w * inverse + 0.5).floor().clamp(low, high) * scale).float().double()

    if format == "int8":
        near = with_scale(extreme.abs() / 127, -127, 127)
    else:
        near, other = with_scale(extreme.abs() / 7, -7, 7), with_scale(extreme / -8, -8, 7)
        error = lambda x: (w - x).square().sum(-1, keepdim=True)
        near = torch.where(error(other) < error(near), other, near)
    return near.float().reshape(rows, columns)


with torch.no_grad():
    done = set()  # a head tied to the embedding is rounded once
    for name, module in model.named_modules():
        if not isinstance(module, (torch.nn.Linear, torch.nn.Embedding)) or module.weight.data_ptr() in done:
            continue
        done.add(module.weight.data_ptr())
        if "lm_head" in name or "embed_tokens" in name:
            format = FORMATS["head"]
        elif isinstance(module, torch.nn.Embedding):
            continue  # position tables stay as they are
        else:
            format = FORMATS["vision" if any(part in name for part in ("vision", "visual", "connector")) else "text"]
        module.weight.copy_(rounded(module.weight, format))
    if ADAPTER:
        from safetensors.torch import load_file

        config = json.load(open(f"{ADAPTER}/adapter_config.json"))
        pairs = load_file(f"{ADAPTER}/adapter_model.safetensors")
        for key, a in pairs.items():
            if not key.endswith(".lora_A.weight"):
                continue
            path = key.removeprefix("base_model.model.").removesuffix(".lora_A.weight")
            rank = a.shape[0]
            scale = config["lora_alpha"] / (rank**0.5 if config.get("use_rslora") else rank)
            module = model.get_submodule(path)
            module.weight += scale * pairs[key.replace("lora_A", "lora_B")].float() @ a.float()`;

const measuring = `def log_probs(file):
    """log-probabilities [vocabulary] of the position, with the picture of a file."""
    inputs = inputs_of(Image.open(file).convert("RGB"))
    length = inputs["input_ids"].shape[1]
    if PROMPT_TOKENS is not None and length != PROMPT_TOKENS:
        print(f"warning: the prompt has {length} tokens here and {PROMPT_TOKENS} in the page")
    ids = torch.cat([inputs["input_ids"], torch.tensor([ANSWER_IDS])], dim=1)
    inputs |= {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    if "mm_token_type_ids" in inspect.signature(model.forward).parameters:
        inputs["mm_token_type_ids"] = (ids == model.config.image_token_id).int()
    with torch.no_grad():
        return model(**inputs).logits[0, -2].double().log_softmax(-1)  # row t - 1 predicts token t


p, q = log_probs("image.png"), log_probs("masked.png")
token = ANSWER_IDS[-1]
mean = torch.logaddexp(p, q) - torch.log(torch.tensor(2.0, dtype=torch.float64))
divergence = lambda a, b: float((a.exp() * (a - b)).sum())
torch_numbers = {
    "logp": float(p[token]),
    "logpMasked": float(q[token]),
    "kl": divergence(p, q),
    "jsd": (divergence(p, mean) + divergence(q, mean)) / 2,
    "entropy": float(-(p.exp() * p).sum()),
    "entropyMasked": float(-(q.exp() * q).sum()),
}
print(f"token {len(ANSWER_IDS)}, id {token}, {ascii(TOKEN)}; numbers in nats")
print(f"{'':16}{'page':>14}{'torch':>14}{'difference':>14}")
largest = 0.0
for name, here in torch_numbers.items():
    difference = here - PAGE[name]
    largest = max(largest, abs(difference))
    print(f"{name:16}{PAGE[name]:14.6f}{here:14.6f}{difference:14.2e}")
print("most likely tokens: id, P with the picture (page, torch), P masked (page, torch)")
for id, with_picture, masked in TOP:
    here, here_masked = float(p[id].exp()), float(q[id].exp())
    largest = max(largest, abs(here - with_picture), abs(here_masked - masked))
    print(f"{id:16}{with_picture:14.6f}{here:14.6f}{masked:14.6f}{here_masked:14.6f}")
print(f"largest difference {largest:.2e}")
`;
