/**
 * Reads a picture file and what it says about itself.
 * @module
 */
import { CheckpointError } from "../errors.ts";
import { type ImageMetadata, readMetadata } from "../images/metadata.ts";
import { type PictureMetadata, readPictureMetadata } from "../pipeline/metadata.ts";

/** A picture file without its pixels. */
export interface PictureFile extends Pick<ImageMetadata, "format" | "width" | "height" | "parameters"> {
  readonly path: string;
  /** Size in bytes. */
  readonly size: number;
  /** Only where this program painted it. */
  readonly metadata?: PictureMetadata;
}

/** Larger files are refused unread: the largest picture that this program writes has 50 MB as a PNG. */
const maxBytes = 2 ** 28;

/**
 * Reads a picture file's size and metadata.
 *
 * @throws {CheckpointError} where it is missing, no picture, damaged or too large, naming the file
 */
export async function readPicture(path: string): Promise<PictureFile> {
  const bytes = await readPictureBytes(path);
  try {
    const { wuerstchen, ...header } = readMetadata(bytes);
    const metadata = wuerstchen === undefined ? {} : { metadata: readPictureMetadata(bytes, { file: path }) };
    return { path, size: bytes.byteLength, ...header, ...metadata };
  } catch (error) {
    if (!(error instanceof CheckpointError) || error.message.startsWith(path)) throw error;
    throw new CheckpointError(`${path}: ${error.message}`, { cause: error });
  }
}

/**
 * Reads the bytes of a picture file.
 *
 * @throws {CheckpointError} where it is missing, no file or too large
 */
export async function readPictureBytes(path: string): Promise<Uint8Array> {
  const { isFile, size } = await Deno.stat(path).catch((cause) => {
    if (!(cause instanceof Deno.errors.NotFound || cause instanceof Deno.errors.NotADirectory)) throw cause;
    throw new CheckpointError(`${path}: there is no such file`, { cause });
  });
  if (!isFile) throw new CheckpointError(`${path}: Expected a picture but found a folder or a device`);
  if (size > maxBytes) throw new CheckpointError(`${path}: Expected at most ${maxBytes} bytes but found ${size}`);
  return await Deno.readFile(path);
}
