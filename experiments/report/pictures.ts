/**
 * The pictures of a run as they go into its report.
 * @module
 */
import { CheckpointError } from "../../errors.ts";
import { decodeImage } from "../../images/codec.ts";
import { type EmbeddedPicture, embedPicture } from "../../report/embedded_picture.ts";
import { readImage, type StoredRun } from "../run_folder.ts";
import type { StoredCell } from "../stored_plan.ts";

/** Most pictures that a report shows. */
export const maxPictures = 2000;

/** Longest side in pixels, by how many pictures there are, so that a page stays below some 40 MB. */
const sides: readonly (readonly [most: number, side: number])[] = [[40, 768], [200, 384], [600, 192], [Infinity, 128]];

/** A PNG of a small picture stays as it is. */
const pngBytes = 60_000;

/**
 * Reads the pictures of cells, each once; those that are missing or damaged are left out.
 *
 * @param options.cells all of the run where left out
 */
export async function reportPictures(
  { path, plan, results }: StoredRun,
  { cells = plan.cells }: { cells?: readonly StoredCell[] } = {},
): Promise<Map<string, EmbeddedPicture>> {
  const ids = [...new Set(cells.map(({ id }) => id))].filter((id) => results.pictures.has(id)).slice(0, maxPictures);
  const [, side] = sides.find(([most]) => ids.length <= most)!;
  const pictures = new Map<string, EmbeddedPicture>();
  for (const id of ids) {
    const bytes = await readImage(path, results.pictures.get(id)!);
    if (bytes === undefined) continue;
    const pixels = await decodeImage(bytes).catch((error) => {
      if (error instanceof CheckpointError) return undefined;
      throw error;
    });
    if (pixels === undefined) continue;
    const isSmall = ids.length <= 200 && Math.max(pixels.width, pixels.height) <= side;
    pictures.set(id, await embedPicture({ bytes, pixels }, { side, quality: 85, pngBytes: isSmall ? pngBytes : 0 }));
  }
  return pictures;
}
