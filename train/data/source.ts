/**
 * Data sets: an index of samples, whatever they are stored as.
 * @module
 */
import { createHash } from "node:crypto";
import { resolve } from "node:path";
import { CheckpointError, ConfigError } from "../../errors.ts";
import { expandBraces } from "./brace_expansion.ts";
import { listFolder } from "./folder_listing.ts";
import { openFolder } from "./folder_source.ts";
import { openParquet } from "./parquet_source.ts";
import type { SampleEntry } from "./sample.ts";
import { openWebDataset } from "./webdataset_source.ts";

/** What was found amiss while a data set was indexed. Each line names its place. */
export interface SourceFindings {
  /** Pictures that caption tables name and that are not there: `metadata.jsonl line 7: a.png`. */
  readonly missingImages: readonly string[];
  /** Caption files beside which no picture is. */
  readonly lonelyCaptions: readonly string[];
  /** Files that are no part of the data set. */
  readonly ignoredFiles: readonly string[];
}

/** An indexed data set. The index holds places, not pictures. */
export interface Source {
  readonly kind: "folder" | "webdataset" | "parquet";
  readonly path: string;
  /** Number of samples. */
  readonly length: number;
  readonly findings: SourceFindings;
  /**
   * Entry `index` of 0 to length − 1.
   *
   * @throws {ConfigError} where Parquet files were opened without a scratch folder
   */
  entry(index: number): SampleEntry;
  /** All entries in order, quickly whatever they are stored as. */
  entries(): AsyncIterable<SampleEntry>;
}

/** Options of {@linkcode openSource}. */
export interface OpenSourceOptions {
  /**
   * Folder for a copy of what Parquet files hold, which gives access in any order; it is used again at the next call. Without it
   * Parquet is read in order only.
   */
  scratch?: string;
}

/**
 * Indexes a data set: a folder of pictures with captions, WebDataset tars, or Parquet files with pictures inside.
 *
 * @param path a folder of any of these, a `.tar` or `.parquet` file, or several of them as `train-{000..010}.tar`
 * @throws {CheckpointError} where there is no such thing, it holds no samples, or its index cannot be read
 * @throws {ResourceError} where `scratch` has not enough room
 */
export async function openSource(path: string, options: OpenSourceOptions = {}): Promise<Source> {
  const files = expandBraces(path);
  const ending = /\.(tar|parquet)$/i.exec(path)?.[1]?.toLowerCase();
  const [first] = await Promise.all(files.map(statOrThrow));
  if (first!.isDirectory) return await openListed(path, options);
  if (ending === "tar") return openWebDataset(path, files);
  if (ending === "parquet") return await openParquet(path, { ...options, files });
  throw new ConfigError(`Expected a folder, .tar or .parquet files as data set but found ${path}`);
}

async function openListed(path: string, options: OpenSourceOptions): Promise<Source> {
  const listing = await listFolder(path);
  if (listing.pictures.length > 0) return await openFolder(path, listing);
  const inside = (names: readonly string[]) => names.map((name) => resolve(path, name));
  if (listing.tars.length > 0) return openWebDataset(path, inside(listing.tars));
  if (listing.parquets.length > 0) return await openParquet(path, { ...options, files: inside(listing.parquets) });
  throw new CheckpointError(`${path}: no pictures found (.png, .jpg, .webp or .npy), and no .tar or .parquet files`);
}

async function statOrThrow(path: string): Promise<Deno.FileInfo> {
  return await Deno.stat(path).catch((cause) => {
    if (!(cause instanceof Deno.errors.NotFound || cause instanceof Deno.errors.NotADirectory)) throw cause;
    throw new CheckpointError(`${path}: there is no such file or folder`, { cause });
  });
}

/** SHA-256 of the names of all samples in order: a run that goes on must see the same ones. */
export async function fingerprintOf(source: Source): Promise<string> {
  const hash = createHash("sha256");
  for await (const { id } of source.entries()) hash.update(`${id}\n`);
  return hash.digest("hex");
}

/** A part of a data set: the samples at `indices`, in that order. */
export function selectSamples(source: Source, indices: ArrayLike<number>): Source {
  return {
    kind: source.kind,
    path: source.path,
    length: indices.length,
    findings: source.findings,
    entry: (index) => source.entry(indices[index]!),
    async *entries() {
      for (let i = 0; i < indices.length; i++) yield source.entry(indices[i]!);
    },
  };
}
