/**
 * Joins a network with a checkpoint: every parameter is found, every tensor is used, and the numbers stay in their file.
 * @module
 */
import { dirname, isAbsolute, relative, resolve } from "node:path";
import { CheckpointError } from "../errors.ts";
import { type Binding, formatShape, type Parameter } from "../onnx/mod.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { StoredTensor } from "./checkpoint.ts";
import { quote, quoteSome } from "./quote.ts";
import { recognise } from "./recognise.ts";

/** The tensors of a checkpoint by key. */
export type StoredTensors = ReadonlyMap<string, StoredTensor>;

/** Buffers that torch saves and no network reads. */
const ignored = /(^|\.)(position_ids|num_batches_tracked)$/;

/**
 * Compares what a network declares with what a checkpoint holds.
 *
 * `position_ids` and `num_batches_tracked` are ignored by name; every other tensor must belong to some part of the network.
 *
 * @throws {CheckpointError} naming the missing, the extra or the misshaped tensors, five of them and the count of the rest
 */
export function checkParameters(
  declared: ReadonlyMap<string, readonly number[]>,
  stored: StoredTensors,
  { folder }: { folder: string },
): void {
  const missing = [...declared.keys()].filter((key) => !stored.has(key));
  if (missing.length > 0) {
    const [wanted, found] = [recognise(declared), recognise(stored)];
    if (found && found.kind === undefined) {
      throw new CheckpointError(`${folder}: these are the weights of ${found.name}, which is not supported`);
    }
    if (wanted && found && wanted.name !== found.name) {
      throw new CheckpointError(`${folder}: expected the weights of ${wanted.name} but found those of ${found.name}`);
    }
    throw new CheckpointError(`${folder}: missing tensors: ${quoteSome(missing)}; is it this network's checkpoint?`);
  }
  const extra = [...stored.keys()].filter((key) => !declared.has(key) && !ignored.test(key));
  if (extra.length > 0) {
    throw new CheckpointError(`${folder}: tensors that belong to no part of the network: ${quoteSome(extra)}`);
  }
  const misshaped = [...declared].filter(([key, shape]) => {
    const found = stored.get(key)!.shape;
    return found.length !== shape.length || found.some((dim, axis) => dim !== shape[axis]);
  });
  if (misshaped.length > 0) {
    const shown = misshaped.slice(0, 5).map(([key, shape]) => {
      return `${quote(key)} is ${formatShape(stored.get(key)!.shape)} and not ${formatShape(shape)}`;
    });
    const more = misshaped.length > shown.length ? ` and ${misshaped.length - shown.length} more` : "";
    throw new CheckpointError(
      `${folder}: tensors of another shape than config.json asks for: ${shown.join(", ")}${more}`,
    );
  }
  const whole = [...declared.keys()].filter((key) => !/float/.test(stored.get(key)!.dtype));
  if (whole.length > 0) {
    throw new CheckpointError(`${folder}: tensors that are no floating-point numbers: ${quoteSome(whole)}`);
  }
}

/** Deepest folder that all files lie in. */
function commonFolder(files: readonly string[]): string {
  let folder = dirname(files[0] ?? ".");
  const isOutside = (file: string) => relative(folder, file).startsWith("..") || isAbsolute(relative(folder, file));
  for (let outside = files.find(isOutside); outside !== undefined; outside = files.find(isOutside)) {
    if (folder === dirname(folder)) {
      throw new CheckpointError(`${outside}: expected it on the same drive as ${files[0]}; copy one of them`);
    }
    folder = dirname(folder);
  }
  return folder;
}

/** Tensors whose numbers do not follow each other row by row: they have to be read before they are bound. */
export function unmapped(stored: StoredTensors): string[] {
  return [...stored].filter(([, { strides }]) => strides !== undefined).map(([key]) => key);
}

/**
 * Binds parameters to byte ranges of the checkpoint's files.
 *
 * @param read numbers of those that are {@linkcode unmapped}, or that lie in no file
 * @param options.widen when floats of 16 bits are widened, see {@linkcode Binding}
 * @returns `folder`, which the session must be told, and `bind` for {@linkcode encodeModel}
 */
export function bindCheckpoint(
  stored: StoredTensors,
  read: ReadonlyMap<string, Tensor> = new Map(),
  { widen = "load" }: { widen?: "load" | "run" } = {},
): { folder: string; bind: (parameter: Parameter) => Binding } {
  const folder = commonFolder([...new Set([...stored.values()].map(({ file }) => resolve(file)))]);
  return {
    folder,
    bind({ key }) {
      const tensor = read.get(key);
      if (tensor) return { kind: "tensor", tensor };
      const entry = stored.get(key);
      if (!entry) throw new CheckpointError(`Expected a tensor ${quote(key)} in ${folder}`);
      return {
        kind: "external",
        dtype: entry.dtype,
        location: relative(folder, resolve(entry.file)),
        offset: entry.start,
        ...(widen === "run" ? { widen } : {}),
      };
    },
  };
}
