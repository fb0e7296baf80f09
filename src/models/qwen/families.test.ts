import { describe, expect, it } from "vitest";
import { qwen2_5Vl } from "../qwen2_5_vl/family";
import { qwen3Vl } from "../qwen3_vl/family";

describe("canonicalName", () => {
  it("gives the modules of Qwen2.5-VL their names in memory", () => {
    const renamed = [
      ["visual.patch_embed.proj.weight", "model.visual.patch_embed.proj.weight"],
      ["visual.blocks.31.attn.qkv.bias", "model.visual.blocks.31.attn.qkv.bias"],
      ["model.layers.0.self_attn.q_proj.bias", "model.language_model.layers.0.self_attn.q_proj.bias"],
      ["model.embed_tokens.weight", "model.language_model.embed_tokens.weight"],
      ["model.norm.weight", "model.language_model.norm.weight"],
    ];
    expect(renamed.map(([stored]) => qwen2_5Vl.canonicalName(stored as string))).toEqual(renamed.map(([, name]) => name));
  });

  it("leaves names alone that are those in memory", () => {
    const names = [
      "model.visual.merger.mlp.0.weight",
      "model.language_model.layers.2.mlp.down_proj.weight",
      "model.language_model.norm.weight",
      "lm_head.weight",
    ];
    for (const family of [qwen2_5Vl, qwen3Vl]) expect(names.map(family.canonicalName)).toEqual(names);
  });
});
