/**
 * Encodes and decodes PNG, JPEG and WebP.
 *
 * PNG is our own (see png_encode.ts) and loads with this module; the other codecs are WebAssembly and load at their first use.
 * @module
 */
import { CheckpointError } from "../errors.ts";
import { type ImageFormat, imageFormats, readImageHeader } from "./format.ts";
import { checkPixels, type Pixels, withChannels } from "./pixels.ts";
import { decodePng } from "./png_decode.ts";
import { encodePng } from "./png_encode.ts";
import { readWebpChunks, readWebpHeader } from "./webp_chunks.ts";
import { instantiateCodec, type WasmCodecName } from "./wasm_codec.ts";

export { type ImageFormat, imageFormats };

/** Options of {@linkcode encodeImage}. */
export interface EncodeImageOptions {
  format: ImageFormat;
  /** Of JPEG and WebP, 1 to 100. Default 90. PNG is lossless. */
  quality?: number | undefined;
}

/** Largest side in pixels of the formats that have one below what a picture may have. */
const maxSides: Partial<Record<ImageFormat, number>> = { jpg: 65500, webp: 16383 };

/**
 * Encodes a picture, without metadata. JPEG has no alpha: it is laid over white.
 *
 * @throws {TypeError} where `format` is none of {@linkcode imageFormats}
 * @throws {RangeError} where sizes and data do not fit together, a side is too long for the format, or `quality` is out of range
 * @example
 * ```ts
 * import { encodeImage } from "./codec.ts";
 *
 * const red = { width: 1, height: 1, channels: 3, data: Uint8Array.of(255, 0, 0) } as const;
 * const png = await encodeImage(red, { format: "png" });
 * ```
 */
export async function encodeImage(
  pixels: Pixels,
  { format, quality = 90 }: EncodeImageOptions,
): Promise<Uint8Array> {
  if (!imageFormats.includes(format)) {
    throw new TypeError(
      `Expected format to be ${imageFormats.join(", ").replace(/, (?=\w+$)/, " or ")} but found ${
        JSON.stringify(format) ?? "nothing"
      }`,
    );
  }
  checkPixels(pixels);
  const { width, height } = pixels;
  if (!Number.isInteger(quality) || quality < 1 || quality > 100) {
    throw new RangeError(`Expected quality to be an integer from 1 to 100 but found ${quality}`);
  }
  const longest = maxSides[format] ?? Infinity;
  if (Math.max(width, height) > longest) {
    throw new RangeError(`Expected sides of at most ${longest} px for ${format} but found ${width}x${height}: use png`);
  }
  if (format === "png") return encodePng(pixels);
  const isJpeg = format === "jpg";
  const { defaultOptions } = isJpeg ? await import("@jsquash/jpeg/meta.js") : await import("@jsquash/webp/meta.js");
  const { data } = withChannels(isJpeg ? withChannels(pixels, 3) : pixels, 4);
  const codec = await instantiateCodec(isJpeg ? "jpegEncoder" : "webpEncoder");
  const encoded = codec.encode(data, width, height, { ...defaultOptions, quality });
  if (encoded === null) throw new Error(`Cannot encode ${width}x${height} pixels as ${format}`);
  return encoded;
}

/**
 * Decodes a PNG, JPEG or WebP, recognised by its content.
 *
 * JPEG has 3 channels and is turned as its EXIF orientation says; WebP has 4 where its header announces alpha, else 3; PNG has
 * what its colour type has. Colour profiles are not applied. At most {@linkcode maxPixels} pixels are decoded.
 *
 * @throws {CheckpointError} where the file is no such picture, is damaged, truncated or too large
 */
export async function decodeImage(bytes: Uint8Array): Promise<Pixels> {
  const { format, width, height } = readImageHeader(bytes);
  if (format === "png") return decodePng(bytes);
  const decoded = await decodeByCodec(bytes, format === "jpg" ? "jpegDecoder" : "webpDecoder");
  // Turning a JPEG upright may swap its sides.
  if (decoded.width * decoded.height !== width * height) {
    throw new CheckpointError(
      `Cannot decode the picture: its header says ${width}x${height} but it has ${decoded.width}x${decoded.height} pixels`,
    );
  }
  const keepsAlpha = format === "webp" && readWebpHeader(readWebpChunks(bytes)).hasAlpha;
  return keepsAlpha ? decoded : dropAlpha(decoded);
}

async function decodeByCodec(bytes: Uint8Array, name: WasmCodecName): Promise<Pixels> {
  const codec = await instantiateCodec(name);
  let decoded;
  let cause: unknown;
  try {
    decoded = name === "jpegDecoder" ? codec.decode(bytes, true) : codec.decode(bytes);
  } catch (error) {
    cause = error;
  }
  // libjpeg fills what is missing with grey and says so in passing.
  const damage = codec.messages.find((message) => /^(Corrupt|Premature)/.test(message));
  if (decoded === undefined || decoded === null || damage !== undefined) {
    const detail = damage ?? codec.messages.at(-1) ?? "it is damaged or of a kind that is not supported";
    throw new CheckpointError(`Cannot decode the picture: ${detail}`, { cause });
  }
  const { width, height, data } = decoded;
  return { width, height, channels: 4, data: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) };
}

/** The colours of opaque RGBA. */
function dropAlpha({ width, height, data }: Pixels): Pixels {
  const out = new Uint8Array(width * height * 3);
  for (let at = 0, to = 0; to < out.length; at += 4, to += 3) {
    out[to] = data[at]!;
    out[to + 1] = data[at + 1]!;
    out[to + 2] = data[at + 2]!;
  }
  return { width, height, channels: 3, data: out };
}
