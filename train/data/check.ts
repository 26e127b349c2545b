/**
 * What is in a data set, found out before an hour is spent on it.
 * @module
 */
import { createHash } from "node:crypto";
import { CheckpointError } from "../../errors.ts";
import { checkPicture, decodePicture } from "./picture.ts";
import { readCaption, readImageBytes, type SampleEntry } from "./sample.ts";
import type { Source } from "./source.ts";

/** A list of which only the beginning is kept. */
export interface Findings<Item> {
  readonly count: number;
  /** The first five. */
  readonly first: readonly Item[];
}

/** Something about a data set that its owner should know. */
export interface DatasetProblem {
  /** `"error"`: some of the data is damaged or does not fit together. `"warning"`: it can be trained on as it is. */
  readonly severity: "error" | "warning";
  /** One line. */
  readonly message: string;
}

/** What {@linkcode checkDataset} found. */
export interface DatasetReport {
  readonly path: string;
  readonly kind: Source["kind"];
  readonly samples: number;
  /** Samples whose picture and caption can be read. */
  readonly readable: number;
  readonly unreadable: Findings<{ readonly id: string; readonly reason: string }>;
  /** Samples without a caption, and with an empty one. */
  readonly captions: {
    readonly missing: number;
    readonly empty: number;
    readonly distinct: number;
    readonly longest: number;
  };
  readonly missingImages: Findings<string>;
  readonly lonelyCaptions: Findings<string>;
  readonly ignoredFiles: Findings<string>;
  /** Pictures with the very bytes of another one. */
  readonly duplicates: Findings<{ readonly id: string; readonly sameAs: string }>;
  /** Readable pictures by size such as `640x480`, the most frequent first. */
  readonly sizes: Readonly<Record<string, number>>;
  /** Readable pictures by the power of two that their shorter side reaches: `"512"` is 512 to 1023. */
  readonly shorterSides: Readonly<Record<string, number>>;
  /** Readable pictures by number of channels; empty after a quick check. */
  readonly channels: Readonly<Record<string, number>>;
  /** Readable pictures by bits of a sample; empty after a quick check. */
  readonly depths: Readonly<Record<string, number>>;
}

/** Options of {@linkcode checkDataset}. */
export interface CheckDatasetOptions {
  /** Walk the structure of each picture without decoding it: several times as fast, and blind to some damage. */
  readonly quick?: boolean;
  readonly signal?: AbortSignal;
  /** Is told after each sample. */
  onSample?(done: number, total: number): void;
}

/** How many examples a list keeps. */
const examples = 5;

/** Collects {@linkcode Findings}. */
class List<Item> {
  count = 0;
  readonly first: Item[] = [];

  add(...items: readonly Item[]): void {
    this.count += items.length;
    this.first.push(...items.slice(0, examples - this.first.length));
  }

  get findings(): Findings<Item> {
    return { count: this.count, first: this.first };
  }
}

/**
 * Reads every sample of a data set once, in order, one in memory at a time.
 *
 * @throws {CheckpointError} where Parquet files are damaged beyond single pictures
 * @throws {Error} the signal's reason, where it stops the check
 */
export async function checkDataset(
  source: Source,
  { quick = false, signal, onSample }: CheckDatasetOptions = {},
): Promise<DatasetReport> {
  const unreadable = new List<{ id: string; reason: string }>();
  const duplicates = new List<{ id: string; sameAs: string }>();
  const captions = { missing: 0, empty: 0, distinct: 0, longest: 0 };
  const [sizes, sides, channels, depths] = [0, 0, 0, 0].map(() => new Map<string, number>()) as Tallies;
  const known = { images: new Map<string, { id: string; place: string }>(), captions: new Set<string>() };
  let done = 0;
  for await (const entry of source.entries()) {
    signal?.throwIfAborted();
    try {
      const { caption, image, hash } = await readEntry(entry, quick);
      if (entry.caption === undefined) captions.missing++;
      else if (caption === "") captions.empty++;
      else known.captions.add(digest(caption));
      captions.longest = Math.max(captions.longest, caption.length);
      count(sizes, `${image.width}x${image.height}`);
      count(sides, `${2 ** Math.floor(Math.log2(Math.min(image.width, image.height)))}`);
      if (image.channels !== undefined) count(channels, `${image.channels}`);
      if (image.depth !== undefined) count(depths, `${image.depth}`);
      const same = known.images.get(hash);
      const place = placeOf(entry);
      // Several captions of one picture are no duplicates of it.
      if (same === undefined) known.images.set(hash, { id: entry.id, place });
      else if (same.place !== place) duplicates.add({ id: entry.id, sameAs: same.id });
    } catch (error) {
      if (!(error instanceof CheckpointError || error instanceof Deno.errors.PermissionDenied)) throw error;
      unreadable.add({ id: entry.id, reason: error.message });
    }
    onSample?.(++done, source.length);
  }
  const list = (items: readonly string[]) => ({ count: items.length, first: items.slice(0, examples) });
  return {
    path: source.path,
    kind: source.kind,
    samples: source.length,
    readable: source.length - unreadable.count,
    unreadable: unreadable.findings,
    captions: { ...captions, distinct: known.captions.size },
    missingImages: list(source.findings.missingImages),
    lonelyCaptions: list(source.findings.lonelyCaptions),
    ignoredFiles: list(source.findings.ignoredFiles),
    duplicates: duplicates.findings,
    sizes: byFrequency(sizes),
    shorterSides: Object.fromEntries(sides),
    channels: byFrequency(channels),
    depths: byFrequency(depths),
  };
}

type Tallies = [Map<string, number>, Map<string, number>, Map<string, number>, Map<string, number>];

interface ReadEntry {
  readonly caption: string;
  readonly image: {
    readonly width: number;
    readonly height: number;
    readonly channels?: number;
    readonly depth?: number;
  };
  readonly hash: string;
}

async function readEntry(entry: SampleEntry, quick: boolean): Promise<ReadEntry> {
  const bytes = await readImageBytes(entry);
  const image = quick ? checkPicture(bytes) : await decodePicture(bytes);
  return { caption: await readCaption(entry), image, hash: digest(bytes) };
}

/** 96 bits of SHA-256: enough to tell a billion pictures apart. */
function digest(data: string | Uint8Array): string {
  return createHash("sha256").update(data).digest("base64").slice(0, 16);
}

function placeOf({ id, image }: SampleEntry): string {
  return image instanceof Uint8Array ? id : `${image.path}:${image.offset ?? 0}`;
}

function count(tally: Map<string, number>, key: string): void {
  tally.set(key, (tally.get(key) ?? 0) + 1);
}

function byFrequency(tally: Map<string, number>): Record<string, number> {
  return Object.fromEntries([...tally].sort(([, a], [, b]) => b - a));
}
