/**
 * Measures the pictures of an experiment by its metrics. What was measured before is not measured again.
 * @module
 */
import { featuresOf, pixelsOf } from "../evaluation/features.ts";
import { PluginError } from "../errors.ts";
import { decodeImage } from "../images/codec.ts";
import type { Pixels } from "../images/pixels.ts";
import type { FeatureSet } from "../plugins/contracts/parts.ts";
import { tensor } from "../tensor/tensor.ts";
import { comparisonKey } from "./comparison_key.ts";
import { promptOf } from "./labels.ts";
import type { ExperimentPlan, PlannedCell } from "./plan_experiment.ts";
import { pointsOf } from "./points.ts";
import { jsonNumber, measureKey } from "./results.ts";
import { readImage, type RunFolder } from "./run_folder.ts";

/** Something was measured. */
export interface MeasureEvent {
  /** Tells it from the other events. */
  readonly type: "measure";
  /** Measurements that are made. */
  readonly done: number;
  /** Measurements that are to be made. */
  readonly total: number;
  /** What this one took. */
  readonly seconds: number;
}

/** A picture cannot be painted, or a metric cannot measure; the others go on. */
export interface FailureEvent {
  /** Tells it from the other events. */
  readonly type: "failure";
  /** Of the picture or the metric. */
  readonly id: string;
  /** What was thrown. */
  readonly error: unknown;
}

/** A cell that has what metrics compare. */
type Compared = PlannedCell & { readonly referenceId: string };

/**
 * Measures every cell whose picture and reference are there, and every point whose pictures all are. A metric that throws is not asked again.
 */
export async function* measureExperiment(
  plan: ExperimentPlan,
  folder: RunFolder,
  { signal }: { signal: AbortSignal },
): AsyncGenerator<MeasureEvent | FailureEvent> {
  const { cells, metrics, truth, experiment: { config } } = plan;
  const { pictures } = folder.results;
  const isThere = ({ id, referenceId }: PlannedCell): boolean => pictures.has(id) && pictures.has(referenceId ?? "");
  const compared = cells.filter(isThere) as Compared[];
  const reader = new Reader(plan, folder);
  const tasks = metrics.flatMap((metric): Task[] => {
    if ("measure" in metric) {
      return compared.map(({ id, referenceId: reference }) => {
        const name = { id, reference, metric: metric.key };
        return {
          metric: metric.key,
          isDone: () => folder.results.measures.has(measureKey(name)),
          work: async () => {
            const value = await metric.measure(await reader.pixels(id), await reader.pixels(reference));
            return { type: "measure", ...name, value: jsonNumber(value) };
          },
        };
      });
    }
    const points = pointsOf(cells.filter(({ repeat }) => repeat === 0), config);
    const isReady = (cell: PlannedCell) => truth ? pictures.has(cell.id) : isThere(cell);
    return points.filter(({ cells }) => cells.every(isReady)).map((point) => {
      const { cells } = point;
      const key = comparisonKey(cells, { ...metric, truth });
      return {
        metric: metric.key,
        isDone: () => folder.results.comparisons.has(key),
        work: async () => {
          const { value, count, values } = await metric.compare(
            await reader.features(cells, ({ id }) => id),
            await reader.references(cells),
          );
          const each = values ? { values: values.map(jsonNumber) } : {};
          return { type: "comparison", key, metric: metric.key, value: jsonNumber(value), count, ...each };
        },
      };
    });
  }).filter(({ isDone }) => !isDone());
  const failed = new Set<string>();
  let done = 0;
  for (const { metric, isDone, work } of tasks) {
    signal.throwIfAborted();
    const start = performance.now();
    try {
      // Cells may share their pictures.
      if (!failed.has(metric) && !isDone()) await folder.add(await work());
    } catch (error) {
      if (!(error instanceof PluginError)) throw error;
      failed.add(metric);
      yield { type: "failure", id: metric, error };
    }
    yield { type: "measure", done: ++done, total: tasks.length, seconds: (performance.now() - start) / 1000 };
  }
}

/** Something to be measured. */
interface Task {
  readonly metric: string;
  isDone(): boolean;
  /** A line of the results. */
  work(): Promise<Record<string, unknown>>;
}

/** Reads pictures back, and makes their features once. */
class Reader {
  readonly #plan: ExperimentPlan;
  readonly #folder: RunFolder;
  readonly #features = new Map<string, Float32Array>();
  readonly #truth = new Map<string, FeatureSet>();

  constructor(plan: ExperimentPlan, folder: RunFolder) {
    this.#plan = plan;
    this.#folder = folder;
  }

  async pixels(id: string): Promise<Pixels> {
    return await decodeImage((await readImage(this.#folder.path, this.#folder.results.pictures.get(id)!))!);
  }

  /** Features of what some cells are compared with: true pictures, or each reference once. */
  async references(cells: readonly PlannedCell[]): Promise<FeatureSet> {
    const { truth, models, pictures } = this.#plan;
    if (!truth) {
      const own = [...new Map(cells.map((cell) => [cell.referenceId, cell])).values()];
      return await this.features(own, ({ referenceId }) => referenceId!);
    }
    const [{ id, settings }] = cells as [PlannedCell];
    const size = pictures.get(id)!.plan.sizes.image;
    const key = `${models.keyOf(settings)} ${size.width} ${size.height}`;
    const features = this.#truth.get(key) ?? await truth.features((await models.of(settings)).pipeline, size);
    this.#truth.set(key, features);
    return features;
  }

  /** Features of some cells' pictures, by the compressor of the model that painted the cell. */
  async features(cells: readonly PlannedCell[], idOf: (cell: PlannedCell) => string): Promise<FeatureSet> {
    const rows: Float32Array[] = [];
    for (const cell of cells) {
      const model = this.#plan.models.keyOf(cell.settings);
      const key = `${model} ${idOf(cell)}`;
      const known = this.#features.get(key);
      const { pipeline } = await this.#plan.models.of(cell.settings);
      const row = known ?? (await featuresOf(pipeline, pixelsOf([await this.pixels(idOf(cell))])))[0]!;
      this.#features.set(key, row);
      rows.push(row);
    }
    const features = tensor("float32", [rows.length, rows[0]!.length]);
    rows.forEach((row, i) => features.data.set(row, i * row.length));
    return { features, captions: cells.map(promptOf) };
  }
}
