/**
 * The pictures that networks are trained on: any number of channels, 8 or 16 bits or floats.
 * @module
 */
import { CheckpointError } from "../../errors.ts";
import { decodeImage } from "../../images/codec.ts";
import { readImageHeader } from "../../images/format.ts";
import { isFrame, readJpegSegments } from "../../images/jpeg_segments.ts";
import { decodePngSamples } from "../../images/png_decode.ts";
import { decodeNpy, isNpy } from "./npy.ts";

/** A picture: rows from the top, channels side by side (HWC). */
export interface Picture {
  readonly width: number;
  readonly height: number;
  /** 1: grey; 2: grey and alpha; 3: red, green, blue; 4: the same with alpha, not premultiplied; else whatever the file holds. */
  readonly channels: number;
  /** Bits of a sample; 32 are floats of 0 to 1. */
  readonly depth: 8 | 16 | 32;
  /** height × width × channels samples. */
  readonly data: Uint8Array | Uint16Array | Float32Array;
}

/** Endings of the files that {@linkcode decodePicture} reads, in lower case. */
export const pictureEndings = [".png", ".jpg", ".jpeg", ".webp", ".npy"] as const;

/** Whether a file is a picture by its name. */
export function isPictureName(name: string): boolean {
  const lower = name.toLowerCase();
  return pictureEndings.some((ending) => lower.endsWith(ending));
}

/**
 * Decodes a PNG (8 or 16 bits), JPEG, WebP or NumPy array, recognised by its content.
 *
 * A JPEG of grey has one channel. Colour profiles are not applied.
 *
 * @throws {CheckpointError} where the file is none of these, is damaged, truncated or has more than 8192 × 8192 pixels
 */
export async function decodePicture(bytes: Uint8Array): Promise<Picture> {
  if (isNpy(bytes)) return decodeNpy(bytes);
  const isPng = bytes[0] === 0x89 && bytes[1] === 0x50;
  if (!isPng) {
    const pixels = await decodeImage(bytes);
    return { ...(isGreyJpeg(bytes) ? firstChannel(pixels) : pixels), depth: 8 };
  }
  const samples = decodePngSamples(bytes);
  return { ...samples, depth: samples.data instanceof Uint16Array ? 16 : 8 };
}

/** What {@linkcode checkPicture} says without the pixels. */
export interface PictureSize {
  readonly width: number;
  readonly height: number;
}

/**
 * Walks the structure of a picture to its end without decoding the pixels, so that most damage is found quickly.
 *
 * @throws {CheckpointError} where the file is no picture, is damaged, truncated or too large
 */
export function checkPicture(bytes: Uint8Array): PictureSize {
  const { width, height } = isNpy(bytes) ? decodeNpy(bytes) : readImageHeader(bytes);
  return { width, height };
}

function isGreyJpeg(bytes: Uint8Array): boolean {
  if (bytes[0] !== 0xff) return false;
  for (const { marker, data } of readJpegSegments(bytes)) {
    // A frame is depth, height, width, and the number of components at byte 5.
    if (isFrame(marker)) return data[5] === 1;
  }
  throw new CheckpointError("Cannot read the JPEG: it has no picture");
}

function firstChannel(pixels: { width: number; height: number; channels: number; data: Uint8Array }) {
  const { width, height, channels } = pixels;
  const data = new Uint8Array(width * height);
  for (let i = 0; i < data.length; i++) data[i] = pixels.data[i * channels]!;
  return { width, height, channels: 1, data };
}
