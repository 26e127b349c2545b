/**
 * Runs Stage A on one picture, whole or in tiles.
 * @module
 */
import { ConfigError } from "../errors.ts";
import type { Autoencoder } from "../plugins/contracts/parts.ts";
import { cutTiles, decodeInTiles, type Tiles } from "../stages/tiles.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { type Context, type Events, load } from "./context.ts";
import { finite } from "./finite.ts";
import type { Job } from "./job.ts";
import { lowerTile } from "./lower_memory.ts";
import type { Size } from "./plan.ts";

/** Shortest side in pixels of a tile that keeps anything; `undefined` where this Stage A decodes whole pictures alone. */
export function smallestTile({ reach, pixelsPerLatent }: Pick<Autoencoder, "reach" | "pixelsPerLatent">) {
  return reach === undefined ? undefined : (2 * reach + 1) * pixelsPerLatent;
}

/**
 * Cuts a latent so that Stage A decodes at most `tile` pixels along each side at once.
 *
 * @throws {ConfigError} where such tiles would keep nothing, or Stage A does not say how far its pixels see
 */
export function tilesOf(
  autoencoder: Pick<Autoencoder, "reach" | "pixelsPerLatent">,
  latent: Size,
  { tile = Infinity }: { tile?: number | undefined },
): Tiles {
  const { reach = 0, pixelsPerLatent } = autoencoder;
  const most = Math.floor(tile / pixelsPerLatent);
  if (most >= Math.max(latent.height, latent.width)) return cutTiles(latent, { most, reach });
  const smallest = smallestTile(autoencoder);
  if (smallest === undefined) {
    throw new ConfigError(`Expected no tile, since this Stage A decodes whole pictures alone, but found ${tile}`);
  }
  if (tile < smallest) {
    throw new ConfigError(
      `Expected tile to be at least ${smallest}, since ${
        reach * pixelsPerLatent
      } px on each side are halo, but found ${tile}`,
    );
  }
  return cutTiles(latent, { most, reach });
}

/** Loads Stage A for the pictures of a job. */
export async function* loadAutoencoder(job: Job, context: Context): Events {
  const { autoencoder } = context.parts.decoder;
  const tiles = tilesOf(autoencoder, job.plan.decoder, job.options);
  yield* load("pixels", autoencoder.network, { height: tiles.height, width: tiles.width }, context);
}

/**
 * Decodes latents [1, c, h, w] of a picture of a job to [1, channels, H, W]. Where memory runs out, the job takes smaller tiles.
 *
 * @param where picture and tensor, for a warning of Stage A
 */
export async function decodePicture(
  latents: Tensor<"float32">,
  job: Job,
  { parts, signal, where = "pixels: image" }: Pick<Context, "parts" | "signal"> & { where?: string },
): Promise<Tensor<"float32">> {
  const { autoencoder } = parts.decoder;
  const { network } = autoencoder;
  for (;;) {
    const tiles = tilesOf(autoencoder, job.plan.decoder, job.options);
    try {
      await network.load({ height: tiles.height, width: tiles.width });
      return await decodeInTiles(latents, tiles, {
        decode: (window) => finite(() => autoencoder.decode(window), { network, where: () => where }),
        scale: autoencoder.pixelsPerLatent,
        onTile: () => signal.throwIfAborted(),
      });
    } catch (error) {
      lowerTile(job, error, parts);
      await network.release();
    }
  }
}
