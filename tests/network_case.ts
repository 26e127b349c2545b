/**
 * Opens the whole-network cases of the fixtures with the checkpoints that they were computed with.
 * @module
 */
import { fileURLToPath } from "node:url";
import { parseConfig } from "../networks/config.ts";
import type { Value } from "../onnx/mod.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { type Checkpoint, openCheckpoint } from "../weights/checkpoint.ts";
import type { z } from "zod";
import { assertClose, type Fixture, readFixture } from "./read_fixture.ts";
import { runGraphs, type Tensors } from "./run_graph.ts";

const root = new URL("./fixtures/wuerstchen/", import.meta.url);

/** A case with its network's configuration and weights. */
export interface NetworkCase<Config> {
  name: string;
  fixture: Fixture;
  /** The case's tensors that go into the network. */
  inputs: Record<string, Tensor>;
  config: Config;
  checkpoint: Checkpoint;
}

/** Opens a network's folder in the fixtures (`repo/wuerstchen/vqgan`): its configuration and its weights. */
export async function openNetwork<Schema extends z.ZodType>(
  folder: string,
  schema: Schema,
  { variant }: { variant?: string } = {},
): Promise<{ config: z.output<Schema>; checkpoint: Checkpoint }> {
  const path = fileURLToPath(new URL(folder, root));
  const json = JSON.parse(await Deno.readTextFile(`${path}/config.json`));
  const stem = folder.endsWith("text_encoder") ? "model" : "diffusion_pytorch_model";
  const checkpoint = await openCheckpoint(path, { stem, variant });
  return { config: parseConfig(schema, json, { file: `${folder}/config.json` }), checkpoint };
}

/** Opens `networks/NAME`. */
export async function openCase<Schema extends z.ZodType>(
  name: string,
  schema: Schema,
): Promise<NetworkCase<z.output<Schema>>> {
  const fixture = readFixture(`networks/${name}`);
  const given = fixture.manifest.tensors.filter(({ role }) => role === "input");
  const inputs = Object.fromEntries(given.map(({ name }) => [name, fixture.tensor(name)]));
  return { name, fixture, inputs, ...await openNetwork(fixture.manifest["weights"], schema) };
}

/** Another run of a case: some inputs differ, and so the outputs are compared with other tensors. */
export interface OtherRun {
  inputs: Tensors;
  /** Tensor to compare with, by output. */
  expected: Readonly<Record<string, string>>;
}

/** Runs values on a case's inputs and mapped weights and compares each with the tensor of its name. */
export async function compareCase(
  { name, fixture, inputs, checkpoint }: NetworkCase<unknown>,
  outputs: Readonly<Record<string, Value>>,
  { others = [] }: { others?: readonly OtherRun[] } = {},
): Promise<void> {
  const own = Object.fromEntries(Object.keys(outputs).map((key) => [key, key]));
  const runs = [{ inputs: {}, expected: own }, ...others];
  const results = await runGraphs(outputs, runs.map((run) => ({ ...inputs, ...run.inputs })), { weights: checkpoint });
  for (const [i, { expected }] of runs.entries()) {
    for (const [output, key] of Object.entries(expected)) {
      const tensor = results[i]![output]!;
      const atol = tensor.dtype === "int64" ? 0 : fixture.atol(key);
      assertClose(tensor, fixture.tensor(key), atol, `${name}: ${key}`);
    }
  }
}
