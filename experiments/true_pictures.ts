/**
 * Pictures of a data set that metrics of sets compare with.
 * @module
 */
import { Drawings } from "../evaluation/drawings.ts";
import { featuresOf } from "../evaluation/features.ts";
import { chooseSubjects, type Subject } from "../evaluation/subjects.ts";
import type { Pipeline } from "../pipeline/pipeline.ts";
import type { Size } from "../pipeline/plan.ts";
import type { FeatureSet } from "../plugins/contracts/parts.ts";
import { tensor } from "../tensor/tensor.ts";
import type { TrueData } from "./config_schema.ts";

/** True pictures, chosen; they are read when their features are asked for. */
export class TruePictures {
  /** sha256 of their files, captions and backgrounds. */
  readonly hash: string;
  /** How many there are. */
  readonly count: number;
  readonly #data: TrueData;
  readonly #subjects: readonly Subject[];

  private constructor(data: TrueData, { hash, subjects }: { hash: string; subjects: readonly Subject[] }) {
    this.#data = data;
    this.#subjects = subjects;
    this.hash = hash;
    this.count = subjects.length;
  }

  /**
   * Chooses `count` pictures of a data set, the same ones each time.
   *
   * @throws {CheckpointError} where there is no data set, or a picture of it cannot be read
   * @throws {ConfigError} where `only` leaves none
   */
  static async open(data: TrueData): Promise<TruePictures> {
    const drawings = await Drawings.open(data.path, { data, size: { width: 1, height: 1 }, channels: 3 });
    const subjects = chooseSubjects(drawings.candidates(() => true), { count: data.count, seed: 0 });
    return new TruePictures(data, { hash: await drawings.hash(subjects), subjects });
  }

  /** Their features as a model's compressor sees them at a size. */
  async features(pipeline: Pipeline, { width, height }: Size): Promise<FeatureSet> {
    const { in_channels: channels } = pipeline.parts.decoder.autoencoder.config;
    const drawings = await Drawings.open(this.#data.path, { data: this.#data, size: { width, height }, channels });
    const rows: Float32Array[] = [];
    for (const { index, colour } of this.#subjects) {
      rows.push(...await featuresOf(pipeline, await drawings.load(index, [colour])));
    }
    const features = tensor("float32", [rows.length, rows[0]!.length]);
    rows.forEach((row, i) => features.data.set(row, i * row.length));
    return { features, captions: this.#subjects.map((subject) => drawings.captionOf(subject)) };
  }
}
