/**
 * A training of seconds, for tests: coloured squares at 64 px, all three phases.
 * @module
 */
import { join } from "node:path";
import { encodePng } from "../images/png_encode.ts";
import { parseTrainingConfig, type TrainingConfig } from "./config.ts";

const colours = { red: [220, 40, 40], green: [40, 200, 60], blue: [40, 60, 220] } as const;

/**
 * Draws twelve pictures of a square on white, with captions in metadata.jsonl.
 *
 * @param options.sizes widths and heights that the pictures have in turn
 */
export async function drawSquares(
  folder: string,
  { sizes = [[64, 64]] }: { sizes?: readonly (readonly [width: number, height: number])[] } = {},
): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  const lines: string[] = [];
  for (let i = 0; i < 12; i++) {
    const [name, rgb] = Object.entries(colours)[i % 3]!;
    const [width, height] = sizes[Math.floor(i / 3) % sizes.length]!;
    const data = new Uint8Array(width * height * 3).fill(255);
    const side = 16 + 4 * (i % 5);
    for (let y = 8; y < 8 + side; y++) {
      for (let x = 4 * (i % 6); x < Math.min(width, 4 * (i % 6) + side); x++) data.set(rgb, (y * width + x) * 3);
    }
    const file = `${String(i).padStart(2, "0")}.png`;
    await Deno.writeFile(join(folder, file), encodePng({ width, height, channels: 3, data }));
    lines.push(JSON.stringify({ file_name: file, text: `${name} square ${i}` }));
  }
  await Deno.writeTextFile(join(folder, "metadata.jsonl"), `${lines.join("\n")}\n`);
}

/** All three phases in a few steps, with networks of some thousand parameters. */
export function tinyTraining(data: string, { set = [] }: { set?: readonly string[] } = {}): TrainingConfig {
  const phase = {
    steps: 4,
    batch: 3,
    optimiser: { name: "adamw", learningRate: 1e-3 },
    schedule: { kind: "constant" },
    average: 0.9,
  };
  const text = { hidden_size: 8, intermediate_size: 16, num_hidden_layers: 1, num_attention_heads: 2 };
  const config = {
    seed: 3,
    data: { path: data, size: 64, workers: 0 },
    model: {
      vqgan: { embed_dim: 8, bottleneck_blocks: 1, num_vq_embeddings: 16 },
      compressor: { c_hidden: [8, 8, 8, 8], blocks: [0, 0, 0, 1], c_latent: 4 },
      decoder: {
        c_cond: 8,
        c_r: 8,
        c_hidden: [8, 8],
        nhead: [-1, 2],
        blocks: [1, 1],
        level_config: ["CT", "CTA"],
        inject_effnet: [false, true],
      },
      decoderTextEncoder: text,
      prior: { c: 8, c_r: 8, depth: 1, nhead: 2 },
      priorTextEncoder: text,
      tokenizer: { maxLength: 8, size: 530 },
      resolutionMultiple: 32,
      latentDimScale: 8,
      defaults: { prior_steps: 2, decoder_steps: 2, prior_guidance: 1 },
    },
    stageA: phase,
    stageB: phase,
    stageC: phase,
    samples: { every: 1000, prompts: ["red square 0", "blue square 2"], pictures: 2 },
    checkpoints: { every: 2 },
    logEvery: 2,
    threads: 1,
  };
  return parseTrainingConfig(JSON.stringify(config), { file: "tiny.jsonc", set });
}
