"""ONNX files of a model folder that bench/peer/modelFolder.ts has written: what transformers.js loads, with the same weights.

Reads   config.json, bench.json ({"contexts": [...], "referenceTokens": n, "pictureIds": [...]}), model.safetensors (bf16) and
        picture.rgb (bytes [side, side, 3]).
Writes  onnx/decoder_model_merged_q4.onnx   inputs_embeds, attention_mask, past_key_values.* -> logits, present.*
        onnx/embed_tokens.onnx              input_ids -> inputs_embeds (f32, as published checkpoints have it)
        onnx/vision_encoder_q4.onnx         pixel_values, pixel_attention_mask -> image_features
        picture_features.f32                the same graph's features of the picture on ONNX Runtime's CPU provider, little-endian
        reference.json                      per context: greedy tokens of the same graphs there; "picture": the first one about it

The decoder has the shape of WebGPU exports: MatMulNBits (4 bits, block 32, symmetric), (Skip)SimplifiedLayerNormalization,
GroupQueryAttention with rotary inside and past/present, attention_mask reduced to seqlens_k, num_logits_to_keep. The tower has what ONNX
Runtime's optimiser makes of an export: MatMulNBits, MultiHeadAttention, SkipLayerNormalization, FastGelu, biases inside; the patches are
a Conv. Pictures fill their frame, so positions are a table and pixel_attention_mask, which the model class gives, is not read. Every block
of 32 weights holds -8 x scale, so dividing by that scale gives back the four bits exactly; anything else is an error here.

Usage: python buildModels.py FOLDER
"""
import json
import pathlib
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

MS = 'com.microsoft'
BLOCK = 32
DECODER = 'model.text_model.'
TOWER = 'model.vision_model.'
FILES = ('decoder_model_merged_q4.onnx', 'embed_tokens.onnx', 'vision_encoder_q4.onnx')


class Weights:
    """Tensors of a bf16 safetensors file, as float32."""

    def __init__(self, path):
        with open(path, 'rb') as f:
            size = int.from_bytes(f.read(8), 'little')
            self.header = json.loads(f.read(size))
        self.data = np.memmap(path, np.uint16, 'r', 8 + size)

    def f32(self, name):
        entry = self.header[name]
        assert entry['dtype'] == 'BF16', name
        begin, end = (offset // 2 for offset in entry['data_offsets'])
        return (self.data[begin:end].astype(np.uint32) << 16).view(np.float32).reshape(entry['shape'])

    def q4(self, name):
        """Packed nibbles [n, blocks, 16] and scales [n * blocks] that stand for exactly the stored numbers."""
        dense = self.f32(name)
        n, k = dense.shape
        blocks = dense.reshape(n, k // BLOCK, BLOCK)
        place = np.abs(blocks).argmax(-1)[..., None]
        scale = np.take_along_axis(blocks, place, -1) / np.float32(-8)
        nibbles = np.rint(blocks / scale) + 8
        assert ((nibbles - 8).astype(np.float32) * scale == blocks).all(), f'{name} is no matrix of four bits'
        nibbles = nibbles.astype(np.uint8)
        return nibbles[..., 0::2] | (nibbles[..., 1::2] << 4), scale.reshape(-1)


class Graph:
    def __init__(self):
        self.nodes, self.inits = [], []

    def init(self, name, array):
        self.inits.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def linear(self, w, x, out, name, output=None, bias=None):
        """x @ weight.T in four bits, plus the bias of that name."""
        n, k = w.header[name]['shape']
        packed, scale = w.q4(name)
        inputs = [x, self.init(out + '.weight_Q4', packed), self.init(out + '.weight_scales', scale)]
        if bias:
            inputs += ['', '', self.init(bias, w.f32(bias))]
        return self.op('MatMulNBits', inputs, output or out, MS, K=k, N=n, bits=4, block_size=BLOCK)

    def op(self, kind, inputs, outputs, domain='', **attrs):
        outputs = [outputs] if isinstance(outputs, str) else outputs
        self.nodes.append(helper.make_node(kind, inputs, outputs, name=outputs[0] + '/' + kind, domain=domain, **attrs))
        return outputs[0]

    def model(self, name, inputs, outputs):
        graph = helper.make_graph(self.nodes, name, inputs, outputs, self.inits)
        opsets = [helper.make_opsetid('', 21), helper.make_opsetid(MS, 1)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=10, producer_name='peer-bench')


def floats(name, shape):
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)


def ints(name, shape):
    return helper.make_tensor_value_info(name, TensorProto.INT64, shape)


def positions(g):
    """seqlens_k and total_sequence_length from the int64 mask, as exporters lay them out."""
    g.init('axis1', np.array([1], np.int64))
    g.init('one', np.array([1], np.int64))
    g.init('index1', np.array(1, np.int64))
    g.op('ReduceSum', ['attention_mask', 'axis1'], 'mask_sum', keepdims=1)
    g.op('Sub', ['mask_sum', 'one'], 'mask_last')
    g.op('Cast', ['mask_last'], 'seqlens_k', to=TensorProto.INT32)
    g.op('Shape', ['attention_mask'], 'mask_shape')
    g.op('Gather', ['mask_shape', 'index1'], 'mask_len', axis=0)
    g.op('Cast', ['mask_len'], 'total_len', to=TensorProto.INT32)


def decoder(text, w):
    hidden, heads, kv_heads, dim = (text[k] for k in ('hidden_size', 'num_attention_heads', 'num_key_value_heads', 'head_dim'))
    epsilon = text['rms_norm_eps']
    g = Graph()
    positions(g)
    half = dim // 2
    angle = np.outer(np.arange(text['max_position_embeddings']), text['rope_theta'] ** (-np.arange(half) / half))
    g.init('cos_cache', np.cos(angle).astype(np.float32))
    g.init('sin_cache', np.sin(angle).astype(np.float32))

    def linear(x, out, name, output=None):
        return g.linear(w, x, out, name, output)

    def normed(name, residual, delta, out):
        """RMS norm of residual + delta; returns the norm and the sum."""
        weight = g.init(name, w.f32(name))
        if delta is None:
            g.op('SimplifiedLayerNormalization', [residual, weight], out, axis=-1, epsilon=epsilon, stash_type=1)
            return out, residual
        total = out + '.residual'
        g.op('SkipSimplifiedLayerNormalization', [residual, delta, weight], [out, '', '', total], MS, epsilon=epsilon)
        return out, total

    inputs = [floats('inputs_embeds', ['batch_size', 'sequence_length', hidden]),
              ints('attention_mask', ['batch_size', 'total_sequence_length']), ints('num_logits_to_keep', [])]
    outputs = [floats('logits', ['batch_size', 'kept_length', text['vocab_size']])]
    residual, delta = 'inputs_embeds', None
    for i in range(text['num_hidden_layers']):
        p, source = f'layers.{i}', f'{DECODER}layers.{i}.'
        x, residual = normed(source + 'input_layernorm.weight', residual, delta, f'{p}.input_norm')
        qkv = [linear(x, f'{p}.{t}_proj', f'{source}self_attn.{t}_proj.weight') for t in 'qkv']
        past = [f'past_key_values.{i}.key', f'past_key_values.{i}.value']
        present = [f'present.{i}.key', f'present.{i}.value']
        inputs += [floats(t, ['batch_size', kv_heads, 'past_sequence_length', dim]) for t in past]
        outputs += [floats(t, ['batch_size', kv_heads, 'total_sequence_length', dim]) for t in present]
        g.op('GroupQueryAttention', qkv + past + ['seqlens_k', 'total_len', 'cos_cache', 'sin_cache'], [f'{p}.attn'] + present, MS,
             num_heads=heads, kv_num_heads=kv_heads, scale=float(dim ** -0.5), do_rotary=1, rotary_interleaved=0)
        delta = linear(f'{p}.attn', f'{p}.o_proj', source + 'self_attn.o_proj.weight')
        x, residual = normed(source + 'post_attention_layernorm.weight', residual, delta, f'{p}.post_norm')
        gate = linear(x, f'{p}.gate_proj', source + 'mlp.gate_proj.weight')
        up = linear(x, f'{p}.up_proj', source + 'mlp.up_proj.weight')
        g.op('Sigmoid', [gate], f'{p}.sigmoid')
        g.op('Mul', [gate, f'{p}.sigmoid'], f'{p}.silu')
        g.op('Mul', [f'{p}.silu', up], f'{p}.gated')
        delta = linear(f'{p}.gated', f'{p}.down_proj', source + 'mlp.down_proj.weight')
    final, _ = normed(DECODER + 'norm.weight', residual, delta, 'final')
    g.init('axis0', np.array([0], np.int64))
    g.init('int_max', np.array([np.iinfo(np.int64).max], np.int64))
    g.op('Neg', ['num_logits_to_keep'], 'keep_neg')
    g.op('Unsqueeze', ['keep_neg', 'axis0'], 'keep_start')
    kept = g.op('Slice', [final, 'keep_start', 'int_max', 'axis1'], 'final_kept')
    linear(kept, 'lm_head', 'lm_head.weight', 'logits')
    return g.model('decoder', inputs, outputs)


def embed(text, w):
    g = Graph()
    g.init('embed_tokens.weight', w.f32(DECODER + 'embed_tokens.weight'))
    g.op('Gather', ['embed_tokens.weight', 'input_ids'], 'inputs_embeds', axis=0)
    return g.model('embed', [ints('input_ids', ['batch_size', 'sequence_length'])],
                   [floats('inputs_embeds', ['batch_size', 'sequence_length', text['hidden_size']])])


def tower(config, w):
    vision, scale, text = config['vision_config'], config['scale_factor'], config['text_config']
    hidden, side, patch, epsilon = (vision[k] for k in ('hidden_size', 'image_size', 'patch_size', 'layer_norm_eps'))
    n = side // patch
    g = Graph()

    def weight(name):
        return g.init(TOWER + name, w.f32(TOWER + name))

    def shaped(x, shape, out):
        return g.op('Reshape', [x, g.init(out + '.shape', np.array(shape, np.int64))], out)

    def linear(x, out, name):
        return g.linear(w, x, out, f'{TOWER}{name}.weight', bias=f'{TOWER}{name}.bias')

    def normed(name, residual, delta, out):
        """Layer norm of residual + delta; returns the norm and the sum."""
        weights = [weight(name + '.weight'), weight(name + '.bias')]
        if delta is None:
            g.op('LayerNormalization', [residual, *weights], out, axis=-1, epsilon=epsilon)
            return out, residual
        total = out + '.residual'
        g.op('SkipLayerNormalization', [residual, delta, *weights], [out, '', '', total], MS, epsilon=epsilon)
        return out, total

    frames = shaped('pixel_values', [-1, 3, side, side], 'frames')
    kernel = [weight('embeddings.patch_embedding.weight'), weight('embeddings.patch_embedding.bias')]
    g.op('Conv', [frames, *kernel], 'planes', kernel_shape=[patch, patch], strides=[patch, patch])
    g.op('Transpose', [shaped('planes', [0, hidden, n * n], 'columns')], 'patches', perm=[0, 2, 1])
    residual, delta = g.op('Add', ['patches', weight('embeddings.position_embedding.weight')], 'embeddings'), None
    for i in range(vision['num_hidden_layers']):
        p, source = f'layers.{i}', f'encoder.layers.{i}.'
        x, residual = normed(source + 'layer_norm1', residual, delta, f'{p}.norm1')
        qkv = [linear(x, f'{p}.{t}_proj', f'{source}self_attn.{t}_proj') for t in 'qkv']
        g.op('MultiHeadAttention', qkv, f'{p}.attn', MS, num_heads=vision['num_attention_heads'])
        delta = linear(f'{p}.attn', f'{p}.out_proj', source + 'self_attn.out_proj')
        x, residual = normed(source + 'layer_norm2', residual, delta, f'{p}.norm2')
        wide = linear(x, f'{p}.fc1', source + 'mlp.fc1')
        delta = linear(g.op('FastGelu', [wide], f'{p}.gelu', MS), f'{p}.fc2', source + 'mlp.fc2')
    final, _ = normed('post_layernorm', residual, delta, 'final')
    # Pixel shuffle: scale x scale neighbours become one token, row by row.
    cells = n // scale
    blocks = shaped(final, [-1, scale, cells, scale * hidden], 'blocks')
    tokens = shaped(g.op('Transpose', [blocks], 'cells', perm=[0, 2, 1, 3]), [-1, cells * cells, scale * scale * hidden], 'tokens')
    g.linear(w, tokens, 'connector', 'model.connector.modality_projection.proj.weight', 'image_features')
    mask = helper.make_tensor_value_info('pixel_attention_mask', TensorProto.BOOL, ['batch_size', 'num_images', side, side])
    return g.model('vision', [floats('pixel_values', ['batch_size', 'num_images', 3, side, side]), mask],
                   [floats('image_features', ['num_frames', cells * cells, text['hidden_size']])])


def reference(config, folder, bench):
    """Greedy tokens per context length and of the question about the picture, and how far each was ahead of the second choice."""
    import onnxruntime as ort
    so = ort.SessionOptions()
    so.log_severity_level = 3
    text = config['text_config']
    open_session = lambda name: ort.InferenceSession(str(folder / 'onnx' / name), so, providers=['CPUExecutionProvider'])
    dec, emb, see = (open_session(name) for name in FILES)
    outs = [x.name for x in dec.get_outputs()]
    empty = np.zeros((1, text['num_key_value_heads'], 0, text['head_dim']), np.float32)

    def greedy(ids, count, features=None):
        past = {x.name: empty for x in dec.get_inputs() if x.name.startswith('past')}
        total, tokens, margins = 0, [], []
        for _ in range(count):
            total += len(ids)
            embeds = emb.run(None, {'input_ids': np.array([ids], np.int64)})[0]
            if features is not None and not tokens:
                embeds[0, np.array(ids) == config['image_token_id']] = features
            feed = dict(inputs_embeds=embeds, attention_mask=np.ones((1, total), np.int64), num_logits_to_keep=np.array(1, np.int64), **past)
            res = dict(zip(outs, dec.run(None, feed)))
            row = res['logits'][0, -1]
            top = np.sort(row)[-2:]
            tokens.append(int(row.argmax()))
            margins.append(round(float(top[1] - top[0]), 4))
            past = {k.replace('present', 'past_key_values'): v for k, v in res.items() if k.startswith('present')}
            ids = [tokens[-1]]
        return dict(tokens=tokens, margins=margins)

    # bench/peer/sizes.ts promptIds has the same formula.
    prompt = lambda length: [(i * 7919 + 13) % (text['vocab_size'] - 1) for i in range(length)]
    result = {str(length): greedy(prompt(length), bench['referenceTokens']) for length in bench['contexts']}
    side = config['vision_config']['image_size']
    pixels = np.fromfile(folder / 'picture.rgb', np.uint8).reshape(1, 1, side, side, 3).transpose(0, 1, 4, 2, 3)
    values = (pixels * np.float32(1 / 255) - np.float32(0.5)) / np.float32(0.5)
    features = see.run(None, dict(pixel_values=values, pixel_attention_mask=np.ones((1, 1, side, side), bool)))[0]
    features.astype('<f4').tofile(folder / 'picture_features.f32')
    return result | {'picture': greedy(bench['pictureIds'], 1, features.reshape(-1, text['hidden_size']))}


def main():
    folder = pathlib.Path(sys.argv[1])
    config = json.loads((folder / 'config.json').read_text())
    text = config['text_config']
    bench = json.loads((folder / 'bench.json').read_text())
    w = Weights(folder / 'model.safetensors')
    (folder / 'onnx').mkdir(exist_ok=True)
    for name, model in zip(FILES, (decoder(text, w), embed(text, w), tower(config, w))):
        onnx.save(model, str(folder / 'onnx' / name))
    # Last: a folder with this file is complete.
    (folder / 'reference.json').write_text(json.dumps(reference(config, folder, bench)))


if __name__ == '__main__':
    main()
