import assert from "node:assert/strict";
import { loraKeys, otherKind } from "./lora_keys.ts";

const find = loraKeys({
  prior: ["out.1", "projection", "blocks.2.attention.to_q", "blocks.2.attention.to_out.0", "blocks.0.channelwise.4"],
  prior_text_encoder: ["text_model.encoder.layers.0.self_attn.q_proj"],
  decoder: ["out.1", "up_blocks.0.0.channelwise.0"],
});

const found = (key: string) => {
  const match = find(key);
  return match && [match.target.network, match.target.module, match.part];
};

Deno.test("keys of diffusers and PEFT, new and old, are about the modules that they spell", () => {
  const [to_q, to_out] = ["blocks.2.attention.to_q", "blocks.2.attention.to_out.0"];
  const text = "text_model.encoder.layers.0.self_attn.q_proj";
  for (
    const [key, network, module, part] of [
      [`prior.${to_q}.lora_A.weight`, "prior", to_q, "down"],
      [`prior.${to_q}.lora_B.weight`, "prior", to_q, "up"],
      [`${to_q}.lora_A.default.weight`, "prior", to_q, "down"],
      [`unet.${to_q}.lora.up.weight`, "prior", to_q, "up"],
      [`base_model.model.${to_out}.lora_B.weight`, "prior", to_out, "up"],
      ["prior.blocks.2.attention.processor.to_q_lora.down.weight", "prior", to_q, "down"],
      ["prior.blocks.2.attention.processor.to_out_lora.up.weight", "prior", to_out, "up"],
      [`text_encoder.${text}.lora_linear_layer.down.weight`, "prior_text_encoder", text, "down"],
      ["unet.up_blocks.0.0.channelwise.0.lora_A.weight", "decoder", "up_blocks.0.0.channelwise.0", "down"],
      ["decoder.out.1.lora_A.weight", "decoder", "out.1", "down"],
    ] as const
  ) {
    assert.deepEqual(found(key), [network, module, part], key);
  }
});

Deno.test("keys of kohya, ComfyUI and OneTrainer are about the modules that they spell with underscores", () => {
  const to_q = "blocks.2.attention.to_q";
  const text = "text_model.encoder.layers.0.self_attn.q_proj";
  for (
    const [key, network, module, part] of [
      ["lora_unet_blocks_2_attention_to_q.lora_down.weight", "prior", to_q, "down"],
      ["lora_prior_unet_blocks_2_attention_to_q.lora_up.weight", "prior", to_q, "up"],
      ["lora_prior_prior_blocks_2_attention_to_q.alpha", "prior", to_q, "alpha"],
      ["lora_unet_blocks_2_attention_to_out_0.alpha", "prior", "blocks.2.attention.to_out.0", "alpha"],
      ["lora_unet_blocks_2_attention_attn_out_proj.alpha", "prior", "blocks.2.attention.to_out.0", "alpha"],
      ["lora_te_text_model_encoder_layers_0_self_attn_q_proj.alpha", "prior_text_encoder", text, "alpha"],
      ["lora_unet_up_blocks_0_0_channelwise_0.lora_up.weight", "decoder", "up_blocks.0.0.channelwise.0", "up"],
      ["diffusion_model.blocks.0.channelwise.4.alpha", "prior", "blocks.0.channelwise.4", "alpha"],
    ] as const
  ) {
    assert.deepEqual(found(key), [network, module, part], key);
  }
});

Deno.test("a name that both denoisers have is the prior's, unless its prefix says otherwise", () => {
  assert.equal(find("lora_unet_out_1.alpha")?.target.network, "prior");
  assert.equal(find("decoder.out.1.alpha")?.target.network, "decoder");
});

Deno.test("keys of no module, or of no part of a LoRA, match nothing", () => {
  for (
    const key of [
      "prior.blocks.3.attention.to_q.lora_A.weight",
      "text_encoder.blocks.2.attention.to_q.lora_A.weight",
      "prior.blocks.2.attention.to_q.weight",
      "lora_te2_text_model_encoder_layers_0_self_attn_q_proj.alpha",
      "blocks.2.attention.to_q",
      "",
    ]
  ) {
    assert.equal(found(key), undefined, key);
  }
});

Deno.test("other kinds of adapters are known by their keys", () => {
  assert.equal(otherKind("lora_unet_out_1.dora_scale"), "DoRA");
  assert.equal(otherKind("prior.out.1.lora_magnitude_vector.weight"), "DoRA");
  assert.equal(otherKind("lora_unet_out_1.hada_w1_a"), "LoHa");
  assert.equal(otherKind("lora_unet_out_1.lokr_w2"), "LoKr");
  assert.equal(otherKind("prior.out.1.lora_B.bias"), "a LoRA with biases");
  assert.equal(otherKind("weights.17.lora_up"), "a LoRA of Stable Cascade in Stability's own keys");
  assert.equal(otherKind("prior.out.1.lora_A.weight"), undefined);
});
