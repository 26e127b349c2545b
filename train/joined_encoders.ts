/**
 * Text encoders that stay as they are while adapters of their states are trained.
 * @module
 */
import { join } from "node:path";
import { textWidth } from "../networks/text_encoder.ts";
import { nativeRuntime } from "../runtime/session.ts";
import { openTextEncoder } from "../stages/open_text_encoder.ts";
import { TextEncoderStage } from "../stages/text_encoder.ts";
import { type Tensor, tensor } from "../tensor/tensor.ts";
import type { TrainingConfig } from "./config.ts";
import type { TextInputs } from "./phases/text_inputs.ts";

/** Where an encoder lies, and the states that it gives. */
export interface EncoderSizes {
  /** Its `config.json`, its weights and its `tokenizer/`. */
  readonly folder: string;
  readonly tokens: number;
  readonly width: number;
}

/** Encoders whose states are joined, and what adapters map them to. */
export interface AdaptersConfig {
  /** `c_cond` of Stage C. */
  readonly width: number;
  readonly encoders: readonly EncoderSizes[];
}

async function open(folder: string, { threads }: { threads?: number | undefined } = {}): Promise<TextEncoderStage> {
  const parts = await openTextEncoder({ folder, tokenizer: join(folder, "tokenizer") });
  return new TextEncoderStage(parts, parts.checkpoint, { threads, runtime: nativeRuntime });
}

/**
 * Looks into the folders of encoders that a configuration names; undefined where it names none.
 *
 * @throws {CheckpointError} where one is none
 */
export async function readEncoderSizes(
  { stageC }: Pick<TrainingConfig, "stageC">,
): Promise<EncoderSizes[] | undefined> {
  return stageC?.encoders && await Promise.all(stageC.encoders.map(async (folder) => {
    const { config, tokens } = await open(folder);
    return { folder, tokens, width: textWidth(config) };
  }));
}

/** Name of the folder of the i-th encoder in a model. */
export function encoderName(i: number): string {
  return `encoder_${i}`;
}

async function copyFolder(from: string, to: string): Promise<void> {
  await Deno.mkdir(to, { recursive: true });
  for await (const { name } of Deno.readDir(from)) {
    const path = join(from, name);
    // Files of a hub's cache are links.
    if ((await Deno.stat(path)).isDirectory) await copyFolder(path, join(to, name));
    else await Deno.copyFile(path, join(to, name));
  }
}

/** Copies the encoders beside their adapters. */
export async function copyEncoders({ encoders }: AdaptersConfig, to: string): Promise<void> {
  for (const [i, { folder }] of encoders.entries()) await copyFolder(folder, join(to, encoderName(i)));
}

/** Most states that are kept, in elements: 256 MB. */
const cacheSize = 1 << 26;

/** Text inputs `text_0` [b, tokens, width], `text_1` …: states of each encoder, kept by caption. */
export async function joinedText(
  { encoders }: AdaptersConfig,
  options: { threads?: number | undefined },
): Promise<TextInputs> {
  const stages: TextEncoderStage[] = [];
  for (const { folder } of encoders) {
    const stage = await open(folder, options);
    await stage.network.load({ tokens: stage.tokens });
    stages.push(stage);
  }
  const kept = new Map<string, readonly Float32Array[]>();
  const size = encoders.reduce((sum, { tokens, width }) => sum + tokens * width, 0);
  const statesOf = async (caption: string) => {
    const found = kept.get(caption) ??
      await Promise.all(stages.map(async (stage) => (await stage.encode([caption])).data));
    if ((kept.size + 1) * size <= cacheSize) kept.set(caption, found);
    return found;
  };
  return {
    async of(captions) {
      const texts = encoders.map(({ tokens, width }) => tensor("float32", [captions.length, tokens, width]));
      for (const [row, caption] of captions.entries()) {
        (await statesOf(caption)).forEach((states, i) => texts[i]!.data.set(states, row * states.length));
      }
      return Object.fromEntries(texts.map((text, i) => [`text_${i}`, text as Tensor]));
    },
    async [Symbol.asyncDispose]() {
      for (const { network } of stages) await network.release();
    },
  };
}
