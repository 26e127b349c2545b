/**
 * Weights in fewer bits on disk, so that they are made once for each model and not once a run.
 * @module
 */
import { createHash } from "node:crypto";
import { dirname, join } from "node:path";
import { explainWriteError } from "../files/atomic_write.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { AppliedLora } from "./apply_lora.ts";
import { type Checkpoint, openCheckpoint, type StoredTensor } from "./checkpoint.ts";
import { type Precision, precisionKey } from "./precision.ts";
import { noteUse } from "./quantized_record.ts";
import { type LazyTensor, writeSafetensors } from "./safetensors_writer.ts";
import { scanFiles } from "./scan.ts";
import { scanCheckpoints } from "./scan_checkpoints.ts";

/** Counts changes of what such files hold; files of another number are made anew. */
const version = 2;

/** What weights in fewer bits are made from. */
export interface QuantizedSource {
  readonly checkpoint: Checkpoint;
  /** Added to the weights before they are rounded. */
  readonly loras: readonly AppliedLora[];
  readonly precision: Precision;
  /** What else decides which tensors there are: the network's class and its rewrites. */
  readonly recipe: string;
}

/** Folder of such weights in a cache folder. */
export function quantizedFolder(cacheFolder: string): string {
  return join(cacheFolder, "quantized");
}

/**
 * The file for weights made from a source, in `folder`: its name is a hash of the source's own weights.
 *
 * @param folder where hashes of large weights are remembered too
 */
export async function quantizedFile(source: QuantizedSource, folder: string): Promise<string> {
  const { checkpoint, loras, precision, recipe } = source;
  const { weights } = await scanCheckpoints({ weights: checkpoint }, { cacheFile: join(folder, "weights.json") });
  const added = await Promise.all(loras.map(async ({ pairs, scale }) => {
    const files = new Set([...pairs.values()].flatMap(({ up, down }) => [up.file, down.file]));
    return { scale, hash: (await scanFiles({ files: [...files].sort(), tensors: new Map() })).hash };
  }));
  const facts = JSON.stringify({ version, weights: weights.hash, loras: added, precision, recipe });
  const name = createHash("sha256").update(facts).digest("hex");
  return join(quantizedFolder(folder), `${name}.safetensors`);
}

/** Weights in fewer bits: on disk, or in memory where they cannot be written. */
export interface QuantizedWeights {
  /** Where each lies; those in memory are not among them. */
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  readonly inMemory: ReadonlyMap<string, Tensor>;
  /** Why they are in memory, and what to do about it. */
  readonly warning?: string;
}

/**
 * Opens such a file, which is made first where it is not there yet: whole or not at all, so that processes may share it.
 *
 * @param file nothing where there is no folder for it: all is then in memory
 * @param options.checkpoint what it is made from, which is noted beside
 * @param options.make the tensors, each of which is computed when its turn comes
 */
export async function openOrMake(
  file: string | undefined,
  { checkpoint, precision, make }: {
    checkpoint: Checkpoint;
    precision: Precision;
    make: () => Promise<ReadonlyMap<string, LazyTensor>>;
  },
): Promise<QuantizedWeights> {
  if (file !== undefined) {
    const known = await openFile(file);
    if (known) {
      await noteUse(file, { checkpoint, precision });
      return { tensors: known.tensors, inMemory: new Map() };
    }
  }
  const tensors = await make();
  let reason = file === undefined ? "there is no cache folder: set XDG_CACHE_HOME" : await refusal(dirname(file));
  if (file !== undefined && reason === undefined) {
    try {
      await Deno.mkdir(dirname(file), { recursive: true, mode: 0o700 });
      await writeSafetensors(file, tensors, { metadata: { format: "pt", [precisionKey]: precision }, force: true });
      await noteUse(file, { checkpoint, precision });
      return { tensors: (await openCheckpoint(file, { stem: "model" })).tensors, inMemory: new Map() };
    } catch (error) {
      const explained = await explainWriteError(error, { path: file, needed: undefined, written: 0 });
      if (!isRefusal(explained)) throw error;
      reason = explained.message;
    }
  }
  const inMemory = new Map<string, Tensor>();
  for (const [key, tensor] of tensors) inMemory.set(key, await tensor.load());
  return {
    tensors: new Map(),
    inMemory,
    warning: `weights in ${precision} stay in memory and are made anew in each run: ${reason}`,
  };
}

/** Nobody is asked for leave to write a cache. */
async function refusal(folder: string): Promise<string | undefined> {
  const { state } = await Deno.permissions.query({ name: "write", path: folder });
  return state === "granted" ? undefined : `Cannot write ${folder}: run with --allow-write=${folder}`;
}

/** A file that is damaged is as good as none. */
async function openFile(file: string): Promise<Checkpoint | undefined> {
  try {
    return await openCheckpoint(file, { stem: "model" });
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable || (error as Error).name === "CheckpointError") return undefined;
    throw error;
  }
}

/** Whether an error says that the file cannot be written, whatever is in it. */
function isRefusal(error: unknown): error is Error {
  const { NotCapable, PermissionDenied, NotADirectory, AlreadyExists } = Deno.errors;
  const names = ["ConfigError", "ResourceError"];
  return error instanceof Error &&
    ([NotCapable, PermissionDenied, NotADirectory, AlreadyExists].some((kind) => error instanceof kind) ||
      names.includes(error.name) || (error as { code?: string }).code === "EROFS");
}
