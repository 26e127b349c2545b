/**
 * Where a training stands, on disk: a complete model beside what it takes to go on bit for bit.
 * @module
 */
import { join } from "node:path";
import { z } from "zod";
import { CheckpointError, ResourceError } from "../errors.ts";
import { syncFolder, writeFileAtomic } from "../files/atomic_write.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { openSafetensors } from "../weights/safetensors.ts";
import { writeLora } from "../weights/lora_writer.ts";
import { writeSafetensors } from "../weights/safetensors_writer.ts";
import { phaseNames } from "./config.ts";
import { type ModelContents, writeModel } from "./model_folder.ts";
import type { Weights } from "./optimiser/gradient_pass.ts";
import type { TrainingState } from "./optimiser/training_step.ts";

const place = z.strictObject({ epoch: z.int(), position: z.int() });

const positionFile = z.strictObject({
  phase: z.enum(phaseNames),
  step: z.int().nonnegative(),
  /** Whether the phase is complete. */
  done: z.boolean(),
  order: place.optional(),
  /** Steps of the discriminator, where there is one. */
  adversaryStep: z.int().optional(),
  /** `scale_factor` of Stage A, once it is known. */
  scaleFactor: z.number(),
  /** Seconds and floating-point operations so far. */
  seconds: z.number(),
  flops: z.number(),
  /** Hash of the names of all samples. */
  fingerprint: z.string(),
});

/** Name of a LoRA's file in a checkpoint. */
export const loraFile = "lora.safetensors";

/** Where a training stands. */
export type Position = z.output<typeof positionFile>;

/** States by player: the networks of the phase, and their adversary. */
export type PlayerStates = Readonly<Record<string, TrainingState>>;

const temporary = ".unfinished-";

/**
 * Writes a checkpoint: whole, under its name, or not at all.
 *
 * @param folder that holds all checkpoints
 * @returns path of the checkpoint, which is a model
 * @throws {ResourceError} where the disk is full; what was written is removed
 */
export async function writeCheckpoint(
  folder: string,
  position: Position,
  { model, states, lora }: {
    model: ModelContents;
    states: PlayerStates;
    lora?: { readonly factors: Weights; readonly alpha: number } | undefined;
  },
): Promise<string> {
  const path = join(folder, `${position.phase}-${String(position.step).padStart(7, "0")}`);
  const unfinished = join(folder, `${temporary}${crypto.randomUUID()}`);
  await Deno.mkdir(join(unfinished, "training"), { recursive: true });
  try {
    await writeModel(unfinished, model);
    if (lora) await writeLora(join(unfinished, loraFile), lora.factors, lora);
    const tensors = Object.entries(states).flatMap(([player, state]) => flatten(player, state));
    await writeSafetensors(join(unfinished, "training", "state.safetensors"), tensors);
    // Last of all: without it a folder is no checkpoint.
    const text = JSON.stringify(position, null, 2);
    await writeFileAtomic(join(unfinished, "training", "position.json"), new TextEncoder().encode(text));
    // Only a run that was stopped between the two leaves a checkpoint of the same step.
    await Deno.remove(path, { recursive: true }).catch(() => {});
    await Deno.rename(unfinished, path);
  } catch (error) {
    await Deno.remove(unfinished, { recursive: true }).catch(() => {});
    throw error instanceof ResourceError
      ? new ResourceError(fullDisk(error, { unfinished, path }), { cause: error })
      : error;
  }
  await syncFolder(folder);
  return path;
}

function fullDisk({ message }: ResourceError, { unfinished, path }: { unfinished: string; path: string }): string {
  return `${message.replaceAll(unfinished, path)}; the checkpoint before it stays, start again to go on from there`;
}

function flatten(player: string, { weights, slots, average }: TrainingState): [string, Tensor][] {
  const kinds = [["weight", weights], ...slots, ...(average ? [["average", average] as const] : [])] as const;
  return kinds.flatMap(([kind, tensors]) =>
    [...tensors].map(([key, value]): [string, Tensor] => [`${player}/${kind}/${key}`, value])
  );
}

/** Complete checkpoints in the order in which they were made; leftovers of one that was cut off are removed. */
export async function listCheckpoints(folder: string): Promise<{ path: string; position: Position }[]> {
  const found: { path: string; position: Position }[] = [];
  const entries = await Array.fromAsync(Deno.readDir(folder)).catch(unlessMissing([]));
  for (const { name } of entries) {
    const path = join(folder, name);
    if (name.startsWith(temporary)) await Deno.remove(path, { recursive: true });
    else {
      const text = await Deno.readTextFile(join(path, "training", "position.json")).catch(unlessMissing(undefined));
      if (text !== undefined) found.push({ path, position: parsePosition(text, path) });
    }
  }
  const rank = ({ position: { phase, step } }: { position: Position }) => phaseNames.indexOf(phase) * 1e12 + step;
  return found.sort((a, b) => rank(a) - rank(b));
}

function unlessMissing<Value>(value: Value): (error: unknown) => Value {
  return (error) => {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return value;
    throw error;
  };
}

function parsePosition(text: string, path: string): Position {
  try {
    return positionFile.parse(JSON.parse(text));
  } catch (cause) {
    throw new CheckpointError(
      `${path}: its position.json is damaged; remove this folder to go on from the one before`,
      {
        cause,
      },
    );
  }
}

/** Reads the states that a checkpoint's phase goes on from. */
export async function readStates(
  path: string,
  { step, adversaryStep }: Position,
): Promise<Record<string, TrainingState>> {
  const file = await openSafetensors(join(path, "training", "state.safetensors"));
  const states: Record<string, TrainingState> = {};
  for (const name of file.tensors.keys()) {
    const [, player, kind, key] = /^([^/]+)\/([^/]+)\/(.+)$/.exec(name) ?? [];
    if (player === undefined || kind === undefined || key === undefined) {
      throw new CheckpointError(`${path}: "${name}" is no tensor of a training's state`);
    }
    const steps = player === "adversary" ? adversaryStep ?? 0 : step;
    const state = states[player] ??= { step: steps, weights: new Map(), slots: new Map(), average: undefined };
    const value = await file.read(name) as Tensor<"float32">;
    if (kind === "weight") state.weights.set(key, value);
    else if (kind === "average") state.average = new Map([...state.average ?? [], [key, value]]);
    else state.slots.set(kind, new Map([...state.slots.get(kind) ?? [], [key, value]]));
  }
  return states;
}
