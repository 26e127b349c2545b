/**
 * One picture with its caption: where it lies, and how it is read.
 * @module
 */
import { CheckpointError } from "../../errors.ts";
import { type ByteRange, readRange } from "./byte_range.ts";
import { decodePicture, type Picture } from "./picture.ts";

/** A picture with its caption, decoded when asked. */
export interface Sample {
  /** Names the sample in messages: `cats/7.png`, `000.tar: 0017`, `train.parquet: row 3`. */
  readonly id: string;
  /** On one line; `""` where there is none. */
  readonly caption: string;
  image(): Promise<Picture>;
}

/** Where a caption is: known, or in a file as text or as a JSON object with `caption` or `text`. */
export type CaptionPlace = { readonly text: string } | { readonly bytes: ByteRange; readonly format: "txt" | "json" };

/** A line of an index: plain data, which can be handed to a worker. */
export interface SampleEntry {
  /** As {@linkcode Sample.id}. */
  readonly id: string;
  readonly image: ByteRange | Uint8Array;
  /** Undefined where the data set has none for this picture. */
  readonly caption: CaptionPlace | undefined;
}

/** Names of the field of a record that holds its caption, best first. */
export const captionFields = ["caption", "text"] as const;

/** Longest caption file in bytes. */
const maxCaptionBytes = 2 ** 16;

/**
 * Reads the caption of a sample; its picture waits until it is asked for.
 *
 * @throws {CheckpointError} where the caption cannot be read
 */
export async function openSample(entry: SampleEntry): Promise<Sample> {
  const caption = await readCaption(entry);
  return { id: entry.id, caption, image: async () => decodePicture(await readImageBytes(entry)) };
}

/** The file of a sample's picture. Throws a {@linkcode CheckpointError} where it is missing, empty or too large. */
export async function readImageBytes({ image }: SampleEntry): Promise<Uint8Array> {
  const bytes = image instanceof Uint8Array ? image : await readRange(image);
  if (bytes.length === 0) throw new CheckpointError("the file is empty");
  return bytes;
}

/**
 * The caption of a sample on one line, `""` where there is none.
 *
 * @throws {CheckpointError} where its file is missing, longer than 64 KiB, no UTF-8, or no JSON with a caption
 */
export async function readCaption({ caption }: SampleEntry): Promise<string> {
  if (caption === undefined) return "";
  if ("text" in caption) return oneLine(caption.text);
  const bytes = await readRange(caption.bytes, { maxBytes: maxCaptionBytes }).catch((cause) => {
    if (!(cause instanceof CheckpointError)) throw cause;
    throw new CheckpointError(`its caption cannot be read: ${cause.message}`, { cause });
  });
  const text = decodeUtf8(bytes);
  return oneLine(caption.format === "txt" ? text : captionOfJson(text));
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new CheckpointError("its caption is not UTF-8", { cause });
  }
}

function captionOfJson(text: string): string {
  let record: unknown;
  try {
    record = JSON.parse(text);
  } catch (cause) {
    throw new CheckpointError("its caption file is not valid JSON", { cause });
  }
  return captionOf(record) ?? "";
}

/** The caption of a record by {@linkcode captionFields}, undefined where it has none. */
export function captionOf(record: unknown): string | undefined {
  if (typeof record !== "object" || record === null) return undefined;
  for (const field of captionFields) {
    const value = (record as Record<string, unknown>)[field];
    if (typeof value === "string") return value;
  }
  return undefined;
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}
