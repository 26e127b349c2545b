/**
 * The LoRAs that a model is loaded with.
 * @module
 */
import { basename, dirname, join } from "node:path";
import { CheckpointError, ConfigError } from "../errors.ts";
import { hideHome, showHome } from "../files/home_path.ts";
import type { AppliedLora } from "../weights/apply_lora.ts";
import type { StoredTensors } from "../weights/bind.ts";
import { type Lora, openLora } from "../weights/lora.ts";
import type { LoraNetwork } from "../weights/lora_keys.ts";
import { quote } from "../weights/quote.ts";
import { scanFiles } from "../weights/scan.ts";
import { maxLoraScale } from "./limits.ts";
import type { LoraIdentity } from "./types.ts";

/** A LoRA to be added to a model. */
export interface LoraChoice {
  /** A safetensors file in the keys of diffusers, PEFT, kohya's sd-scripts or ComfyUI. */
  readonly file: string;
  /** How strong: 1, the default, is what it was trained with, 0 is nothing; −100 to 100. */
  readonly scale?: number | undefined;
}

/** A LoRA of a model. */
export interface OpenedLora {
  readonly scale: number;
  readonly lora: Lora;
}

/**
 * Opens LoRAs, whose weights are then added up.
 *
 * @param networks the weights that they may change
 * @throws {ConfigError} where a scale is out of its range
 * @throws {CheckpointError} where a file is missing, damaged, or no LoRA of this model
 */
export async function openLoras(
  choices: readonly LoraChoice[],
  networks: Readonly<Record<LoraNetwork, StoredTensors>>,
): Promise<OpenedLora[]> {
  const opened: OpenedLora[] = [];
  for (const { file, scale = 1 } of choices) {
    if (!(Math.abs(scale) <= maxLoraScale)) {
      throw new ConfigError(
        `Expected the scale of the LoRA ${file} to be from -${maxLoraScale} to ${maxLoraScale} but found ${scale}`,
      );
    }
    opened.push({ scale, lora: await openLora(file, networks) });
  }
  return opened;
}

/** What LoRAs change in one network, in their order. */
export function lorasOf(opened: readonly OpenedLora[], network: LoraNetwork): AppliedLora[] {
  return opened.flatMap(({ scale, lora }) => {
    const pairs = lora.networks.get(network);
    return pairs ? [{ pairs, scale, checkUnchanged: () => lora.checkpoint.checkUnchanged() }] : [];
  });
}

/** What metadata say about a LoRA, given the sha256 of its file. */
export async function loraIdentity({ scale, lora }: OpenedLora, hash: string): Promise<LoraIdentity> {
  return { name: await hideHome(lora.path), scale, hash, networks: [...lora.networks.keys()] };
}

/** Writes LoRAs as `style.safetensors:0.8, faces.safetensors:1`, as `--lora` takes them. */
export function formatLoras(loras: readonly Pick<LoraIdentity, "name" | "scale">[]): string {
  return loras.map(({ name, scale }) => `${name}:${scale}`).join(", ");
}

/**
 * The LoRAs of an earlier run, to be opened again: where they were, or beside its picture. Of two files that with the right bytes
 * is taken; a file that has changed is taken too, and the run then warns of it.
 *
 * @param options.of names that run: its picture or file
 * @throws {CheckpointError} where one of them is not there any more, naming it
 */
export async function repeatLoras(loras: readonly LoraIdentity[], { of }: { of: string }): Promise<LoraChoice[]> {
  const choices: LoraChoice[] = [];
  for (const lora of loras) choices.push({ file: await findLora(lora, { of }), scale: lora.scale });
  return choices;
}

async function findLora({ name, hash }: LoraIdentity, { of }: { of: string }): Promise<string> {
  const first = await showHome(name);
  const found: string[] = [];
  for (const path of [first, join(dirname(of), basename(first))]) {
    if (await Deno.stat(path).then(({ isFile }) => isFile, isMissing)) found.push(path);
  }
  if (found.length === 0) {
    throw new CheckpointError(
      `${of}: was made with the LoRA ${quote(name)} (sha256 ${quote(hash)}), which is not there: name one in its place`,
    );
  }
  for (const path of found) {
    const scan = await scanFiles({ files: [path], tensors: new Map() });
    if (scan.hash === hash) return path;
  }
  return found[0]!;
}

function isMissing(error: unknown): false {
  if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return false;
  throw error;
}
