/**
 * Looks at weights of the hub before they are fetched: only the headers of the safetensors files are asked for.
 * @module
 */
import { dirname } from "node:path";
import type { Repository } from "../hub/repository.ts";
import { headerEnd, parseSafetensorsHeader } from "../weights/safetensors_header.ts";
import type { FetchedModel } from "./fetch_model.ts";

/** Weights of one network. */
export interface WeightsPreview {
  /** Folder in the repository. */
  readonly folder: string;
  /** Bytes of its files. */
  readonly bytes: number;
  /** Numbers in all tensors, without the counters that no network reads. */
  readonly parameters: number;
  /** Types of its tensors, such as `float16`. */
  readonly dtypes: readonly string[];
}

/** Bytes that most headers fit into. */
const usualHeader = 1 << 17;

/**
 * Reads the headers of all weights that a model needs.
 *
 * @throws {CheckpointError} where a file is no safetensors file
 * @throws {HubError} where the hub fails
 */
export async function previewWeights({ id, needed, repository }: FetchedModel): Promise<WeightsPreview[]> {
  const previews = new Map<string, { bytes: number; parameters: number; dtypes: Set<string> }>();
  for (const path of needed.filter((path) => path.endsWith(".safetensors"))) {
    const folder = dirname(path);
    const preview = previews.get(folder) ?? { bytes: 0, parameters: 0, dtypes: new Set() };
    previews.set(folder, preview);
    const size = await repository.size(path) ?? 0;
    preview.bytes += size;
    const { tensors } = parseSafetensorsHeader(await readHeader(repository, { path, size, id }), {
      name: `${id}/${path}`,
      size,
    });
    for (const [key, { dtype, shape }] of tensors) {
      if (/(^|\.)(position_ids|num_batches_tracked)$/.test(key)) continue;
      preview.parameters += shape.reduce((product, dim) => product * dim, 1);
      preview.dtypes.add(dtype);
    }
  }
  return [...previews].map(([folder, { dtypes, ...rest }]) => ({ folder, ...rest, dtypes: [...dtypes].sort() }));
}

async function readHeader(
  repository: Repository,
  { path, size, id }: { path: string; size: number; id: string },
): Promise<Uint8Array> {
  const start = await repository.start(path, Math.min(size, usualHeader));
  const end = headerEnd(start, { name: `${id}/${path}`, size });
  return end <= start.byteLength ? start.subarray(0, end) : await repository.start(path, end);
}
