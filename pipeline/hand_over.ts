/**
 * Saves a run between two stages, and goes on from there: a safetensors file with one tensor and the run's settings.
 * @module
 */
import { z } from "zod";
import { CheckpointError } from "../errors.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { openSafetensors } from "../weights/safetensors.ts";
import { writeSafetensors } from "../weights/safetensors_writer.ts";
import { type JsonValue, parseStrictJson } from "../weights/strict_json.ts";
import { modelSchema, optionsSchema } from "./metadata.ts";
import type { HandOver, ResolvedOptions } from "./types.ts";

const generatorsSchema = z.array(z.string());

/** Writes a hand-over: tensor `image_embeddings` or `latents`; metadata `config`, `prompt`, `seed`, `generators`, `model`. */
export async function writeHandOver(path: string, handOver: HandOver, { force = false } = {}): Promise<void> {
  const { kind, tensor, options, generators, model } = handOver;
  await writeSafetensors(path, { [kind]: tensor }, {
    force,
    metadata: {
      format: "wuerstchen",
      config: JSON.stringify(options),
      prompt: typeof options.prompt === "string" ? options.prompt : JSON.stringify(options.prompt),
      seed: String(options.seed),
      generators: JSON.stringify(generators),
      model: JSON.stringify(model),
    },
  });
}

function parseMetadata(text: string, name: string): JsonValue {
  try {
    return parseStrictJson(text);
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw new CheckpointError(`${name}: not valid JSON: ${cause.message}`, { cause });
  }
}

/**
 * Reads a hand-over.
 *
 * @throws {CheckpointError} where the file is damaged or holds something else
 */
export async function readHandOver(path: string): Promise<HandOver> {
  const file = await openSafetensors(path);
  const kind = file.tensors.has("image_embeddings") ? "image_embeddings" : "latents";
  if (!file.tensors.has(kind) || file.metadata["config"] === undefined) {
    throw new CheckpointError(
      `${path}: Expected a file of --stop-after: a tensor image_embeddings or latents with its config`,
    );
  }
  const parse = <Schema extends z.ZodType>(schema: Schema, key: string): z.output<Schema> => {
    const result = schema.safeParse(parseMetadata(file.metadata[key] ?? "null", `${path}: metadata "${key}"`));
    if (result.success) return result.data;
    throw new CheckpointError(`${path}: metadata "${key}": ${result.error.issues[0]!.message}`);
  };
  const tensor = await file.read(kind);
  if (tensor.dtype !== "float32") {
    throw new CheckpointError(`${path}: Expected ${kind} to be float32 but found ${tensor.dtype}`);
  }
  return {
    kind,
    tensor: tensor as Tensor<"float32">,
    options: parse(optionsSchema, "config") as ResolvedOptions,
    generators: parse(generatorsSchema, "generators"),
    model: parse(modelSchema, "model"),
  };
}
