/**
 * Checkpoints seen in another way: some tensors only, under other names, or several checkpoints as one.
 * @module
 */
import { CheckpointError } from "../errors.ts";
import { bytesOf, sizeOf } from "../tensor/tensor.ts";
import type { Checkpoint, StoredTensor } from "./checkpoint.ts";
import { quote } from "./quote.ts";

/** A tensor of a view, and where it is. */
interface Place {
  readonly checkpoint: Checkpoint;
  readonly key: string;
  readonly stored: StoredTensor;
}

function viewOf(folder: string, places: ReadonlyMap<string, Place>, checkpoints: readonly Checkpoint[]): Checkpoint {
  const [first] = checkpoints;
  const tensors = new Map([...places].map(([key, { stored }]) => [key, stored]));
  return {
    folder,
    variant: first?.variant,
    tensors,
    files: checkpoints.flatMap(({ files }) => files),
    metadata: first?.metadata ?? {},
    isOriginal: false,
    bytes: [...tensors.values()].reduce((sum, { shape, dtype }) => sum + sizeOf(shape) * bytesOf(dtype), 0),
    read(key) {
      const place = places.get(key);
      if (place) return place.checkpoint.read(place.key);
      return Promise.reject(new CheckpointError(`${folder}: no tensor ${quote(key)}`));
    },
    async checkUnchanged() {
      for (const checkpoint of checkpoints) await checkpoint.checkUnchanged();
    },
  };
}

/** A checkpoint under other names. A tensor that `rename` returns `undefined` for is left out; of equal names the first stays. */
export function renamedCheckpoint(
  checkpoint: Checkpoint,
  rename: (key: string) => string | undefined,
): Checkpoint {
  const places = new Map<string, Place>();
  for (const [key, stored] of checkpoint.tensors) {
    const name = rename(key);
    if (name !== undefined && !places.has(name)) places.set(name, { checkpoint, key, stored });
  }
  return viewOf(checkpoint.folder, places, [checkpoint]);
}

/**
 * Several checkpoints as one.
 *
 * @param parts what the keys of each begin with, such as `encoders.0.`
 */
export function joinedCheckpoint(
  folder: string,
  parts: readonly (readonly [prefix: string, checkpoint: Checkpoint])[],
): Checkpoint {
  const places = parts.flatMap(([prefix, checkpoint]) =>
    [...checkpoint.tensors].map(([key, stored]) => [prefix + key, { checkpoint, key, stored }] as const)
  );
  return viewOf(folder, new Map(places), parts.map(([, checkpoint]) => checkpoint));
}

/**
 * The encoder of T5 out of any of its checkpoints: a whole model has a decoder too, and the embeddings may be stored under either or
 * both of their names (`_tied_weights_keys` and `_keys_to_ignore_on_load_unexpected` in transformers' `modeling_t5.py`).
 */
export function t5EncoderOf(checkpoint: Checkpoint): Checkpoint {
  return renamedCheckpoint(checkpoint, (key) => {
    if (/^(decoder|lm_head)\./.test(key)) return undefined;
    return key === "encoder.embed_tokens.weight" ? "shared.weight" : key;
  });
}
