/**
 * Small pictures of a generation on its way.
 * @module
 */
import type { Pixels } from "../images/pixels.ts";
import { AutoencoderStage } from "../stages/autoencoder.ts";
import { type Tensor, tensor } from "../tensor/tensor.ts";
import { rows } from "./guidance.ts";
import type { ModelParts } from "./parts.ts";
import { cropToBytes } from "./pixels.ts";

/** Longest side of the latents that are decoded for a preview. */
const previewCells = 32;

/** Means over square blocks of cells, so that the longer side of [1, c, h, w] has at most {@linkcode previewCells}. */
function shrink(latents: Tensor<"float32">): Tensor<"float32"> {
  const [, channels, height, width] = latents.shape as [number, number, number, number];
  const block = Math.ceil(Math.max(height, width) / previewCells);
  if (block === 1) return latents;
  const [h, w] = [Math.max(1, Math.floor(height / block)), Math.max(1, Math.floor(width / block))];
  const small = tensor("float32", [1, channels, h, w]);
  const cells = Math.min(block, height) * Math.min(block, width);
  for (let i = 0; i < small.data.length; i++) {
    const [left, top, c] = [(i % w) * block, (Math.floor(i / w) % h) * block, Math.floor(i / (w * h))];
    let sum = 0;
    for (let y = top; y < Math.min(top + block, height); y++) {
      for (let x = left; x < Math.min(left + block, width); x++) sum += latents.data[(c * height + y) * width + x]!;
    }
    small.data[i] = sum / cells;
  }
  return small;
}

/** What turns latents into pixels: Stage A, or a preview decoder. */
interface Painter {
  readonly network: { load(sizes: { height: number; width: number }): Promise<boolean>; release(): Promise<void> };
  decode(latents: Tensor<"float32">): Promise<Tensor<"float32">>;
}

/**
 * Paints what a generation looks like on its way: Stage C's embeddings by the preview decoder, where the model has one, and Stage B's
 * shrunken latents by a Stage A of its own. Both stay loaded until they are released.
 */
export class Previewer {
  readonly #stage: AutoencoderStage;
  readonly #decoder: Painter | undefined;
  #busy: Promise<unknown> = Promise.resolve();

  constructor({ decoder: { autoencoder }, preview }: Pick<ModelParts, "decoder" | "preview">) {
    this.#stage = new AutoencoderStage(autoencoder.config, autoencoder.network.checkpoint, autoencoder.network.options);
    this.#decoder = preview;
  }

  /** Whether there is a preview decoder, which embeddings are painted by. */
  get paintsEmbeddings(): boolean {
    return this.#decoder !== undefined;
  }

  /** Paints the first picture of Stage B latents [b, 4, h, w], at most 32 cells wide. */
  paint(latents: Tensor<"float32">): Promise<Pixels> {
    return this.#enqueue(() => paint(this.#stage, shrink(rows(latents, 0, 1))));
  }

  /** Paints the first picture of embeddings [b, c, n, m], eight pixels a cell. */
  paintEmbedding(embeddings: Tensor<"float32">): Promise<Pixels> {
    return this.#enqueue(() => paint(this.#decoder!, rows(embeddings, 0, 1)));
  }

  #enqueue(work: () => Promise<Pixels>): Promise<Pixels> {
    const painted = this.#busy.then(work);
    this.#busy = painted.catch(() => {});
    return painted;
  }

  /** Frees its memory once it has painted what was asked for. */
  async release(): Promise<void> {
    await this.#busy;
    await Promise.all([this.#stage.network.release(), this.#decoder?.network.release()]);
  }
}

async function paint(painter: Painter, latents: Tensor<"float32">): Promise<Pixels> {
  const [, , height, width] = latents.shape as [number, number, number, number];
  await painter.network.load({ height, width });
  const pixels = await painter.decode(latents);
  const size = { height: pixels.shape[2]!, width: pixels.shape[3]! };
  const data = cropToBytes(pixels, { image: size, decoded: size, crop: { top: 0, left: 0 } });
  return { ...size, channels: pixels.shape[1] as Pixels["channels"], data };
}
