import assert from "node:assert/strict";
import { join } from "node:path";
import { ConfigError } from "../errors.ts";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import { waves } from "../tests/wave_weights.ts";
import { tinyNetworks } from "../tests/lora_fixture.ts";
import { openLora } from "./lora.ts";
import { openSafetensors } from "./safetensors.ts";
import { writeLora } from "./lora_writer.ts";

const to_q = "blocks.2.attention.to_q";
const q_proj = "text_model.encoder.layers.1.self_attn.q_proj";

const factors = new Map(Object.entries({
  [`prior.${to_q}.lora_A.weight`]: waves([3, 48]),
  [`prior.${to_q}.lora_B.weight`]: waves([48, 3]),
  "prior.out.1.lora_A.weight": waves([3, 48, 1, 1]),
  "prior.out.1.lora_B.weight": waves([32, 3, 1, 1]),
  [`text_encoder.${q_proj}.lora_A.weight`]: waves([2, 40]),
  [`text_encoder.${q_proj}.lora_B.weight`]: waves([40, 2]),
}));

Deno.test("what is written is read again, alpha and all", () =>
  inTempFolder(async (folder) => {
    const path = join(folder, "lora.safetensors");
    await writeLora(path, factors, { alpha: 1.5, metadata: { made: "by a test" } });
    const { networks, checkpoint } = await openLora(path, await tinyNetworks());
    const scales = [...networks].map((
      [network, pairs],
    ) => [network, [...pairs].map(([key, { scale }]) => [key, scale])]);
    assert.deepEqual(Object.fromEntries(scales), {
      prior: [[`${to_q}.weight`, 0.5], ["out.1.weight", 0.5]],
      prior_text_encoder: [[`${q_proj}.weight`, 0.75]],
    });
    for (const [key, value] of factors) assert.deepEqual(await checkpoint.read(key), value);
    const { metadata } = await openSafetensors(path);
    assert.equal(metadata["format"], "pt");
    assert.equal(metadata["made"], "by a test");
    const config = JSON.parse(metadata["lora_adapter_metadata"]!);
    assert.equal(config["prior.r"], 3);
    assert.equal(config["text_encoder.r"], 2);
    assert.deepEqual(config["prior.target_modules"], [to_q, "out.1"]);
    await assert.rejects(writeLora(path, factors, { alpha: 1 }), ConfigError);
    await writeLora(path, factors, { alpha: 1, force: true });
  }));

Deno.test("keys that are no pair of factors are refused before anything is written", async () => {
  const wrong = (change: (factors: Map<string, ReturnType<typeof waves>>) => void, message: string) => {
    const changed = new Map(factors);
    change(changed);
    return assert.rejects(writeLora("/nowhere/lora.safetensors", changed, { alpha: 1 }), new TypeError(message));
  };
  await wrong(
    (map) => map.set("vqgan.in.lora_A.weight", waves([1])),
    'Expected keys such as "prior.….lora_A.weight" but found "vqgan.in.lora_A.weight"',
  );
  await wrong(
    (map) => map.delete("prior.out.1.lora_B.weight"),
    'Expected "prior.out.1.lora_B.weight" beside "prior.out.1.lora_A.weight"',
  );
  await wrong(
    (map) => map.set("prior.out.1.lora_A.weight", waves([4, 48, 1, 1])),
    'Expected "prior.out.1.lora_A.weight" to have the rank 3 but found 4',
  );
});
