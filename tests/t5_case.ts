/**
 * Opens the tiny T5 encoders of the fixtures, with what the reference made of some ids.
 * @module
 */
import { fileURLToPath } from "node:url";
import { parseConfig } from "../networks/config.ts";
import { type T5Config, t5Config } from "../networks/t5_encoder.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { type Checkpoint, openCheckpoint } from "../weights/checkpoint.ts";
import { readFixtureTensors } from "./read_fixture.ts";

const root = new URL("./fixtures/t5/", import.meta.url);

/** Names of the encoders. */
export const t5Cases = ["v1_0", "v1_1"] as const;

/** One encoder, with inputs, outputs and the tolerance of each output. */
export interface T5Case {
  config: T5Config;
  checkpoint: Checkpoint;
  inputs: Record<"ids" | "mask", Tensor>;
  outputs: Record<string, Tensor>;
  atol: Record<string, number>;
}

/** Opens `tests/fixtures/t5/NAME`. */
export async function openT5Case(name: typeof t5Cases[number]): Promise<T5Case> {
  const folder = fileURLToPath(new URL(name, root));
  const { ids, mask, ...outputs } = readFixtureTensors(`../t5/${name}/case.safetensors`);
  const config = JSON.parse(await Deno.readTextFile(`${folder}/config.json`));
  return {
    config: parseConfig(t5Config, config, { file: `${name}/config.json` }),
    checkpoint: await openCheckpoint(folder, { stem: "model" }),
    inputs: { ids: ids!, mask: mask! },
    outputs,
    atol: JSON.parse(await Deno.readTextFile(`${folder}/atol.json`)),
  };
}
