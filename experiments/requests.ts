/**
 * Settings of pictures as options of the library.
 * @module
 */
import { readHandOver } from "../pipeline/hand_over.ts";
import { readLatents } from "../pipeline/read_latents.ts";
import type { GenerateOptions, HandOver } from "../pipeline/types.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { CellSettings } from "./cell_schema.ts";
import { splitSettings } from "./models.ts";

/** Makes requests out of settings. A file that many of them name is read once. */
export class Requests {
  readonly #files = new Map<string, Promise<Tensor<"float32"> | HandOver>>();

  /**
   * What paints a picture.
   *
   * @throws {CheckpointError} where a file that the settings name is missing or damaged
   */
  async of(settings: CellSettings, { seed }: { seed: number }): Promise<GenerateOptions> {
    const { prompt, priorLatents, decoderLatents, from } = settings;
    return {
      ...splitSettings(settings).generate,
      prompt,
      // A run that is gone on from has settled it.
      ...(from === undefined ? { seed } : { from: await this.#read(from, () => readHandOver(from)) }),
      ...(priorLatents === undefined ? {} : { priorLatents: await this.#noise(priorLatents, "prior") }),
      ...(decoderLatents === undefined ? {} : { decoderLatents: await this.#noise(decoderLatents, "decoder") }),
    };
  }

  #noise(path: string, stage: "prior" | "decoder"): Promise<Tensor<"float32">> {
    return this.#read(`${stage} ${path}`, () => readLatents(path, { stage }));
  }

  #read<File extends Tensor<"float32"> | HandOver>(key: string, read: () => Promise<File>): Promise<File> {
    const file = this.#files.get(key) ?? read();
    this.#files.set(key, file);
    return file as Promise<File>;
  }
}
