"""ONNX files of a model folder that bench/peer/modelFolder.ts has written: what transformers.js loads, with the same weights.

Reads   config.json, bench.json ({"contexts": [...], "referenceTokens": n}) and model.safetensors (bf16).
Writes  onnx/decoder_model_merged_q4.onnx   inputs_embeds, attention_mask, past_key_values.* -> logits, present.*
        onnx/embed_tokens.onnx              input_ids -> inputs_embeds (f32, as published checkpoints have it)
        onnx/vision_encoder.onnx            a placeholder that the model class wants to load; never run
        reference.json                      per context: greedy tokens of the same graph on ONNX Runtime's CPU provider

The graph has the shape of WebGPU exports: MatMulNBits (4 bits, block 32, symmetric), (Skip)SimplifiedLayerNormalization,
GroupQueryAttention with rotary inside and past/present, attention_mask reduced to seqlens_k, num_logits_to_keep. Every block of
32 weights holds -8 x scale, so dividing by that scale gives back the four bits exactly; anything else is an error here.

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
        n, k = w.header[name]['shape']
        packed, scale = w.q4(name)
        weights = [g.init(out + '.weight_Q4', packed), g.init(out + '.weight_scales', scale)]
        return g.op('MatMulNBits', [x, *weights], output or out, MS, K=k, N=n, bits=4, block_size=BLOCK)

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


def vision_placeholder(text):
    g = Graph()
    g.init('shape', np.array([-1, text['hidden_size']], np.int64))
    g.op('Reshape', ['pixel_values', 'shape'], 'image_features')
    return g.model('vision', [floats('pixel_values', ['batch_size', 'num_images', 3, 'height', 'width'])],
                   [floats('image_features', ['n', text['hidden_size']])])


def reference(text, folder, contexts, count):
    """Greedy tokens per context length, and how far each was ahead of the second choice."""
    import onnxruntime as ort
    so = ort.SessionOptions()
    so.log_severity_level = 3
    open_session = lambda name: ort.InferenceSession(str(folder / 'onnx' / name), so, providers=['CPUExecutionProvider'])
    dec, emb = open_session('decoder_model_merged_q4.onnx'), open_session('embed_tokens.onnx')
    outs = [x.name for x in dec.get_outputs()]
    empty = np.zeros((1, text['num_key_value_heads'], 0, text['head_dim']), np.float32)
    result = {}
    for context in contexts:
        past = {x.name: empty for x in dec.get_inputs() if x.name.startswith('past')}
        # bench/peer/sizes.ts promptIds has the same formula.
        ids, total, tokens, margins = [(i * 7919 + 13) % (text['vocab_size'] - 1) for i in range(context)], 0, [], []
        for _ in range(count):
            total += len(ids)
            feed = dict(inputs_embeds=emb.run(None, {'input_ids': np.array([ids], np.int64)})[0],
                        attention_mask=np.ones((1, total), np.int64), num_logits_to_keep=np.array(1, np.int64), **past)
            res = dict(zip(outs, dec.run(None, feed)))
            row = res['logits'][0, -1]
            top = np.sort(row)[-2:]
            tokens.append(int(row.argmax()))
            margins.append(round(float(top[1] - top[0]), 4))
            past = {k.replace('present', 'past_key_values'): v for k, v in res.items() if k.startswith('present')}
            ids = [tokens[-1]]
        result[str(context)] = dict(tokens=tokens, margins=margins)
    return result


def main():
    folder = pathlib.Path(sys.argv[1])
    text = json.loads((folder / 'config.json').read_text())['text_config']
    bench = json.loads((folder / 'bench.json').read_text())
    w = Weights(folder / 'model.safetensors')
    (folder / 'onnx').mkdir(exist_ok=True)
    onnx.save(decoder(text, w), str(folder / 'onnx' / 'decoder_model_merged_q4.onnx'))
    onnx.save(embed(text, w), str(folder / 'onnx' / 'embed_tokens.onnx'))
    onnx.save(vision_placeholder(text), str(folder / 'onnx' / 'vision_encoder.onnx'))
    # Last: a folder with this file is complete.
    tokens = reference(text, folder, bench['contexts'], bench['referenceTokens'])
    (folder / 'reference.json').write_text(json.dumps(tokens))


if __name__ == '__main__':
    main()
