/**
 * Measures how well a model keeps and paints the pictures that it was trained on.
 *
 * All pictures are chosen by a seed, and all are compared by what the model's own compressor makes of them: the nearest of all
 * drawings, on the same background, by Euclidean distance.
 * @module
 */
import { CheckpointError, ConfigError } from "../errors.ts";
import type { Pipeline } from "../pipeline/pipeline.ts";
import { compressorOf } from "../pipeline/reconstruct.ts";
import type { ModelIdentity } from "../pipeline/types.ts";
import type { EvaluationConfig } from "./config.ts";
import { Drawings, isSeen } from "./drawings.ts";
import { buildGallery } from "./features.ts";
import { openMetrics } from "./metrics.ts";
import { type Measure, type Measurements, measuresOf } from "./measures.ts";
import { type MeasureOptions, measureRoundTrip, type RoundTrip } from "./round_trip.ts";
import { chooseSubjects, type Subject } from "./subjects.ts";
import { measureBorders, measureTextToPicture, type Sampling, type TextToPicture } from "./text_to_picture.ts";

/** A part of an evaluation, with the pictures that it takes. */
export interface EvaluationStage {
  readonly stage: string;
  readonly total: number;
}

/** How an evaluation is done. */
export interface EvaluateOptions {
  readonly config: EvaluationConfig;
  /** Pictures of each measurement. Default 300. */
  readonly count?: number | undefined;
  /** Chooses pictures and starts their noise. Default 0. */
  readonly seed?: number | undefined;
  /** Whether Stage B is given captions with true embeddings, as in a generation. Default true. */
  readonly hasCaptions?: boolean | undefined;
  /** Settings of the generations; the model's own where left out. */
  readonly sampling?: Sampling | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Is told once what will be done. */
  readonly onPlan?: ((stages: readonly EvaluationStage[]) => void) | undefined;
  /** Is told what is done: `step` pictures of a part, the last of them in `seconds`. */
  readonly onStep?:
    | ((event: EvaluationStage & { readonly step: number; readonly seconds: number }) => void)
    | undefined;
}

/** What an evaluation found. */
export interface EvaluationReport {
  readonly model: ModelIdentity;
  readonly data: { readonly path: string; readonly drawings: number; readonly width: number; readonly height: number };
  readonly count: number;
  readonly seed: number;
  readonly hasCaptions: boolean;
  readonly sampling: Sampling;
  readonly measures: readonly Measure[];
  readonly seconds: number;
}

/** What is measured, part by part; a part that there are no pictures for is empty. */
interface Plan {
  readonly unseenByStageA: readonly Subject[];
  readonly seenByStageB: readonly Subject[];
  readonly unseenByStageB: readonly Subject[];
  readonly captions: readonly Subject[];
  readonly heldOutPairs: readonly Subject[];
}

/** What each part is called while it is measured. */
const stageNames: Readonly<Record<keyof Plan, string>> = {
  unseenByStageA: "drawings unseen by A",
  seenByStageB: "drawings",
  unseenByStageB: "drawings unseen by B",
  captions: "captions",
  heldOutPairs: "unseen pairs",
};

/** Name of the part that makes the features of all drawings. */
const galleryStage = "features";

/**
 * Evaluates a model. Its pipeline should keep its networks loaded.
 *
 * @throws {CheckpointError} where it has no compressor, or a picture cannot be read
 * @throws {ConfigError} where the configuration names no data set, or nothing of it is left
 */
export async function evaluate(pipeline: Pipeline, options: EvaluateOptions): Promise<EvaluationReport> {
  const start = performance.now();
  const { config, count = 300, seed = 0, hasCaptions = true, sampling = {}, signal, onPlan, onStep } = options;
  compressorOf(pipeline.parts);
  const drawings = await openDrawings(pipeline, config);
  const plan = planParts(drawings, { config, count, seed });
  const parts = Object.entries(plan).filter(([, subjects]) => subjects.length > 0) as [
    keyof Plan,
    readonly Subject[],
  ][];
  if (parts.length === 0) throw new ConfigError("Expected pictures that training saw but every one is held out");
  onPlan?.([
    { stage: galleryStage, total: drawings.length },
    ...parts.map(([part, { length: total }]) => ({ stage: stageNames[part], total })),
  ]);
  const report = (stage: string, total: number) => (step: number, seconds: number) =>
    onStep?.({ stage, total, step, seconds });

  const colours = [...new Set(parts.flatMap(([, subjects]) => subjects.map(({ colour }) => colour)))];
  const onDrawing = report(galleryStage, drawings.length);
  const gallery = await buildGallery(pipeline, drawings, { colours, signal, onDrawing });

  const metrics = await openMetrics(pipeline.registry);
  const found: Partial<Record<keyof Plan, RoundTrip | TextToPicture>> = {};
  for (const [part, subjects] of parts) {
    const work = { pipeline, drawings, subjects };
    const common = { metrics, gallery, seed, signal, onStep: report(stageNames[part], subjects.length) };
    found[part] = part === "captions" || part === "heldOutPairs"
      ? await measureTextToPicture(work, { ...common, sampling })
      : await measureRoundTrip(work, { ...common, sampling: stageBSampling(part, options), hasCaptions });
  }
  const shared = sharesRule(config) ? { unseenByStageB: found.unseenByStageA } : {};
  const borders = await measureBorders(drawings, [...plan.captions, ...plan.heldOutPairs]);
  return {
    model: await pipeline.identity(),
    data: { path: config.data.path!, drawings: drawings.length, ...drawings.size },
    count,
    seed,
    hasCaptions,
    sampling,
    measures: measuresOf({ ...found, ...shared, borders } as Measurements),
    seconds: (performance.now() - start) / 1000,
  };
}

/** Settings of Stage B in a round trip; where only Stage A's share of it is looked at, one step is enough. */
function stageBSampling(part: keyof Plan, { config, sampling = {} }: EvaluateOptions): MeasureOptions["sampling"] {
  const { decoderSteps, decoderGuidance } = sampling;
  if (part === "unseenByStageA" && !sharesRule(config)) return { decoderSteps: 1 };
  return { decoderSteps, decoderGuidance };
}

async function openDrawings({ parts, defaults }: Pipeline, { data }: EvaluationConfig): Promise<Drawings> {
  const { path, size = { width: defaults.width, height: defaults.height } } = data;
  if (path === undefined) throw new ConfigError("Expected data.path to name the data set: give it with --data");
  const channels = parts.decoder.autoencoder.config.in_channels;
  const sides = typeof size === "number" ? { width: size, height: size } : size;
  return await Drawings.open(path, { data, size: sides, channels }).catch((cause) => {
    if (!(cause instanceof CheckpointError && cause.message.startsWith(path))) throw cause;
    throw new CheckpointError(`${cause.message}: give the data set that the model was trained on with --data`, {
      cause,
    });
  });
}

/** Whether Stage A and Stage B never saw the same drawings, which are then measured once. */
function sharesRule({ stageA, stageB }: EvaluationConfig): boolean {
  const [a, b] = [stageA?.holdOut, stageB?.holdOut];
  return a !== undefined && b !== undefined && a.modulo === b.modulo && a.remainder === b.remainder;
}

function planParts(
  drawings: Drawings,
  { config, count, seed }: { config: EvaluationConfig; count: number; seed: number },
): Plan {
  const rules = { a: config.stageA?.holdOut, b: config.stageB?.holdOut, c: config.stageC?.holdOut };
  const seen = { a: isSeen(rules.a), b: isSeen(rules.b), c: isSeen(rules.c) };
  const unseen = (stage: "a" | "b") => drawings.candidates((caption) => !seen[stage](caption));
  const isTrained = (caption: string) => seen.b(caption) && seen.c(caption);
  return {
    unseenByStageA: chooseSubjects(unseen("a"), { count, seed }),
    seenByStageB: chooseSubjects(drawings.candidates(seen.b), { count, seed: seed + 1 }),
    unseenByStageB: sharesRule(config) ? [] : chooseSubjects(unseen("b"), { count, seed: seed + 2 }),
    captions: chooseSubjects(drawings.candidates(isTrained), { count, seed: seed + 3 }),
    heldOutPairs: chooseSubjects(drawings.heldOutPairs(isTrained), { count, seed: seed + 4 }),
  };
}
