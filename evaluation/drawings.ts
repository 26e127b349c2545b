/**
 * The pictures that a model is measured on.
 * @module
 */
import { createHash } from "node:crypto";
import { CheckpointError, ConfigError } from "../errors.ts";
import { type Tensor, tensor } from "../tensor/tensor.ts";
import {
  allowedColours,
  backgroundCaption,
  type BackgroundOptions,
  heldOutColours,
} from "../train/data/backgrounds.ts";
import type { BucketSize } from "../train/data/buckets.ts";
import type { Rgb } from "../train/data/channels.ts";
import { type HoldOut, isHeldOut } from "../train/data/hold_out.ts";
import { namedColours, parseColour } from "../train/data/named_colours.ts";
import { decodePicture, type Picture } from "../train/data/picture.ts";
import { readCaption, readImageBytes } from "../train/data/sample.ts";
import { openSource, selectSamples, type Source } from "../train/data/source.ts";
import { type TransformOptions, transformPicture } from "../train/data/transform.ts";
import type { EvaluationConfig } from "./config.ts";
import type { Candidate, Subject } from "./subjects.ts";

/** An opened data set, as the model takes its pictures. */
export class Drawings {
  /** Caption of each drawing, without its background. */
  readonly captions: readonly string[];
  /** Size of the pictures in pixels. */
  readonly size: BucketSize;
  readonly #source: Source;
  readonly #backgrounds: BackgroundOptions | undefined;
  readonly #transform: TransformOptions;

  private constructor(
    { source, captions }: { source: Source; captions: readonly string[] },
    { size, backgrounds, transform }: {
      size: BucketSize;
      backgrounds: BackgroundOptions | undefined;
      transform: TransformOptions;
    },
  ) {
    this.#source = source;
    this.captions = captions;
    this.size = size;
    this.#backgrounds = backgrounds;
    this.#transform = transform;
  }

  /**
   * Indexes a data set.
   *
   * @param path of the data set
   * @param options.size of the pictures
   * @param options.channels that the model takes
   * @throws {CheckpointError} where there is none, or a caption cannot be read
   * @throws {ConfigError} where no caption is wanted, or `only` is no regular expression
   */
  static async open(
    path: string,
    { data, size, channels }: { data: EvaluationConfig["data"]; size: BucketSize; channels: number },
  ): Promise<Drawings> {
    const source = await openSource(path);
    const all: string[] = [];
    for await (const entry of source.entries()) all.push(await readCaption(entry));
    const pattern = patternOf(data.only);
    const indices = all.flatMap((caption, i) => pattern.test(caption) ? [i] : []);
    if (indices.length === 0) throw new ConfigError(`data.only: no caption of ${path} matches ${data.only}`);
    const { fit, filter, backgrounds } = data;
    return new Drawings({ source: selectSamples(source, indices), captions: indices.map((i) => all[i]!) }, {
      size,
      backgrounds: backgrounds as BackgroundOptions | undefined,
      transform: { channels, fit, filter },
    });
  }

  /** Number of drawings. */
  get length(): number {
    return this.captions.length;
  }

  /** `#rrggbb` by name of what is laid under drawings; undefined where pictures have backgrounds of their own. */
  get colours(): Readonly<Record<string, string>> | undefined {
    return this.#backgrounds && (this.#backgrounds.colours ?? namedColours);
  }

  /** The drawings that a rule holds out, or those that it does not, each with the backgrounds that training lays under it. */
  candidates(isWanted: (caption: string) => boolean): Candidate[] {
    const colours = this.#backgrounds;
    return this.#select(isWanted, (caption) => colours ? allowedColours(caption, colours) : [undefined]);
  }

  /** Drawings, each with the backgrounds that training never laid under it. */
  heldOutPairs(isWanted: (caption: string) => boolean): Candidate[] {
    const colours = this.#backgrounds;
    return this.#select(isWanted, (caption) => colours ? heldOutColours(caption, colours) : []);
  }

  #select(isWanted: (caption: string) => boolean, colours: (caption: string) => Candidate["colours"]): Candidate[] {
    return this.captions.flatMap((caption, index) => isWanted(caption) ? [{ index, colours: colours(caption) }] : []);
  }

  /** What a model is asked for to paint a subject. */
  captionOf({ index, colour }: Subject): string {
    const caption = this.captions[index]!;
    if (colour === undefined) return caption;
    const template = this.#backgrounds?.caption;
    return backgroundCaption(caption, colour, template === undefined ? {} : { template });
  }

  /**
   * One drawing on several backgrounds: [colours, channels, height, width] of 0…1.
   *
   * @throws {CheckpointError} where it cannot be read, or is opaque and has to be laid on a background, naming it
   */
  async load(index: number, colours: readonly (string | undefined)[]): Promise<Tensor<"float32">> {
    const { channels } = this.#transform;
    const { width, height } = this.size;
    const entry = this.#source.entry(index);
    const loaded = tensor("float32", [colours.length, channels, height, width]);
    const length = channels * height * width;
    try {
      const picture = await decodePicture(await readImageBytes(entry));
      for (const [i, colour] of colours.entries()) {
        const out = loaded.data.subarray(i * length, (i + 1) * length);
        transformPicture(picture, { size: this.size, out, ...this.#under(picture, colour) }, this.#transform);
      }
    } catch (cause) {
      if (!(cause instanceof CheckpointError)) throw cause;
      throw new CheckpointError(`${entry.id}: ${cause.message}; wuerstchen dataset check names all such pictures`, {
        cause,
      });
    }
    return loaded;
  }

  /** sha256 of the files of some drawings, and of what is laid under them. */
  async hash(subjects: readonly Subject[]): Promise<string> {
    const hash = createHash("sha256");
    for (const { index, colour } of subjects) {
      hash.update(await readImageBytes(this.#source.entry(index)));
      hash.update(JSON.stringify([colour, colour && this.colours?.[colour], this.captionOf({ index, colour })]));
    }
    return hash.digest("hex");
  }

  #under({ channels }: Picture, colour: string | undefined): { background?: Rgb } {
    if (colour === undefined) return {};
    if (channels % 2 !== 0 || channels > 4) {
      throw new CheckpointError("Expected a drawing with alpha to lay on a background but found an opaque picture");
    }
    return { background: parseColour(this.colours![colour]!) };
  }
}

/** Captions that a phase has seen whole; all, without a rule. */
export function isSeen(rule: HoldOut | undefined): (caption: string) => boolean {
  return (caption) => rule === undefined || !isHeldOut([caption], rule);
}

function patternOf(only = ""): RegExp {
  try {
    return new RegExp(only, "u");
  } catch (cause) {
    throw new ConfigError(`data.only: Expected a regular expression but found "${only}"`, { cause });
  }
}
