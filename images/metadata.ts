/**
 * How a picture was made, inside the picture: PNG text chunks, or an XMP packet in JPEG and WebP.
 *
 * Two values: `parameters`, the line that people and other tools read (see parameters.ts), and `wuerstchen`, JSON with
 * everything that repeats the picture.
 * @module
 */
import { CheckpointError } from "../errors.ts";
import { type ImageFormat, readImageHeader } from "./format.ts";
import { readJpegXmp, writeJpegXmp } from "./jpeg_xmp.ts";
import { parseMetadataJson } from "./metadata_json.ts";
import { insertPngText, maxTextBytes, readPngText } from "./png_chunks.ts";
import { readWebpXmp, writeWebpXmp } from "./webp_xmp.ts";
import type { XmpValues } from "./xmp.ts";

export { maxTextBytes };

/** What {@linkcode writeMetadata} writes. */
export interface MetadataTexts {
  /**
   * Text for people. Characters that XML cannot hold (controls but for tab and line ends, lone surrogates, U+FFFE, U+FFFF)
   * are written as U+FFFD, in all formats.
   */
  readonly parameters: string;
  /** JSON, which survives exactly. */
  readonly wuerstchen: string;
}

/** What {@linkcode readMetadata} finds. */
export interface ImageMetadata {
  readonly format: ImageFormat;
  /** In pixels. */
  readonly width: number;
  /** In pixels. */
  readonly height: number;
  readonly parameters?: string;
  /** Parsed JSON, of any shape: check it against a schema. */
  readonly wuerstchen?: unknown;
}

const writers: Record<ImageFormat, (bytes: Uint8Array, texts: MetadataTexts) => Uint8Array> = {
  png: (bytes, texts) => insertPngText(bytes, { ...texts }),
  jpg: (bytes, texts) => writeJpegXmp(bytes, toXmp(texts)),
  webp: (bytes, texts) => writeWebpXmp(bytes, toXmp(texts)),
};

const readers: Record<ImageFormat, (bytes: Uint8Array) => Partial<MetadataTexts>> = {
  png: (bytes) =>
    fromTexts({ parameters: readPngText(bytes, "parameters"), wuerstchen: readPngText(bytes, "wuerstchen") }),
  jpg: (bytes) => fromXmp(readJpegXmp(bytes)),
  webp: (bytes) => fromXmp(readWebpXmp(bytes)),
};

/**
 * A copy of a picture with this metadata in place of any that it had under the same names. The pixels are not touched.
 *
 * @throws {TypeError} where `wuerstchen` is not JSON that {@linkcode readMetadata} would accept
 * @throws {RangeError} where a text has more than {@linkcode maxTextBytes} bytes
 * @throws {CheckpointError} where `bytes` is no undamaged picture of this format
 */
export function writeMetadata(bytes: Uint8Array, format: ImageFormat, texts: MetadataTexts): Uint8Array {
  for (const [name, text] of Object.entries(texts)) {
    const length = new TextEncoder().encode(text).length;
    if (length > maxTextBytes) {
      throw new RangeError(`Expected ${name} of at most ${maxTextBytes} bytes but found ${length}`);
    }
  }
  try {
    parseMetadataJson(texts.wuerstchen);
  } catch (cause) {
    throw new TypeError("Expected wuerstchen to be JSON that can be read again", { cause });
  }
  return writers[format](bytes, {
    parameters: texts.parameters.toWellFormed().replace(/[^\P{Cc}\t\n\r]|[\ufffe\uffff]/gu, "\ufffd"),
    wuerstchen: escapeJson(texts.wuerstchen),
  });
}

/**
 * Reads format, size and metadata of a picture; values that it does not have are left out.
 *
 * @throws {CheckpointError} where it is no PNG, JPEG or WebP, is damaged, or its metadata is damaged, hostile or longer than
 * {@linkcode maxTextBytes}
 */
export function readMetadata(bytes: Uint8Array): ImageMetadata {
  const header = readImageHeader(bytes);
  const { parameters, wuerstchen } = readers[header.format](bytes);
  for (const text of [parameters, wuerstchen]) {
    if (text !== undefined && text.length > maxTextBytes) {
      throw new CheckpointError(`Cannot read the metadata: it has more than ${maxTextBytes} characters`);
    }
  }
  return {
    ...header,
    ...(parameters === undefined ? {} : { parameters }),
    ...(wuerstchen === undefined ? {} : { wuerstchen: parseMetadataJson(wuerstchen) }),
  };
}

/** Escapes what XML cannot hold; in JSON such characters stand inside of strings only. */
function escapeJson(json: string): string {
  return json.replace(
    /[\x7f-\x9f\ufffe\uffff\ud800-\udfff]/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function toXmp({ parameters, wuerstchen }: MetadataTexts): XmpValues {
  return { parameters, config: wuerstchen };
}

function fromXmp({ parameters, config }: XmpValues): Partial<MetadataTexts> {
  return fromTexts({ parameters, wuerstchen: config });
}

function fromTexts(texts: { [name in keyof MetadataTexts]: string | undefined }): Partial<MetadataTexts> {
  return Object.fromEntries(Object.entries(texts).filter(([, text]) => text !== undefined));
}
