/**
 * Phase 1 under way: pictures, or crops of them, for Stage A.
 * @module
 */
import { parametersOf } from "../../onnx/mod.ts";
import { tensor } from "../../tensor/tensor.ts";
import type { TrainingConfig } from "../config.ts";
import type { BucketSize } from "../data/buckets.ts";
import { initialise, plainInit } from "../initialise.ts";
import type { Weights } from "../optimiser/gradient_pass.ts";
import { column } from "./noise_levels.ts";
import type { Objective } from "./objective.ts";
import type { Adversary, ObjectiveContext, Phase, PhaseContext } from "./phase.ts";
import { onceForSize, sizedObjectives } from "./sized_objectives.ts";
import { discriminatorObjective, stageAObjective } from "./stage_a.ts";

type StageAConfig = NonNullable<TrainingConfig["stageA"]>;

/** Objectives of the networks and of their adversary, at one size of pictures. */
export function stageAObjectives(
  { config, configs }: Pick<ObjectiveContext, "config" | "configs">,
  own: StageAConfig,
  size: BucketSize,
): { objective: Objective; adversary?: Objective } {
  const { loss: weights, statistics } = own;
  const sizes = { batch: own.batch, ...size };
  const discriminator = own.discriminator && { ...own.discriminator, in_channels: config.data.channels };
  return {
    objective: stageAObjective(configs.vqgan, sizes, { weights, discriminator, statistics }),
    ...(discriminator && { adversary: discriminatorObjective(configs.vqgan, sizes, { discriminator, statistics }) }),
  };
}

/** Whether a parameter learns by gradient: neither its adversary's, nor running statistics. */
export function stageATrains(key: string): boolean {
  return key.startsWith("vqgan.") && !/\.running_(mean|var)$/.test(key);
}

/** Pictures of Stage A: crops where it has such, else whole ones. */
function stageASize({ cropSize }: StageAConfig, whole: BucketSize): BucketSize {
  return cropSize === undefined ? whole : { width: cropSize, height: cropSize };
}

function discriminatorWeights({ objective }: { objective: Objective }, { seed }: { seed: number }): Weights {
  const own = parametersOf(objective.loss).flatMap(({ source, shape }) =>
    source.kind === "parameter" && source.key.startsWith("discriminator.")
      ? [[source.key, shape as number[]] as const]
      : []
  );
  return initialise(new Map(own), { values: plainInit, seed });
}

/** Starts phase 1. */
export function stageAPhase(context: PhaseContext, own: StageAConfig): Phase {
  const { config, configs, data, state } = context;
  const size = stageASize(own, data.size);
  const isSized = own.cropSize === undefined && data.sizes.length > 1;
  const of = onceForSize((size: BucketSize) => stageAObjectives({ config, configs }, own, size));
  const sized = (make: (size: BucketSize) => Objective) => sizedObjectives(make, size, { input: "pixels", isSized });
  const judged = own.discriminator && sized((size) => of(size).adversary!);
  const { training: indices } = data.split(own);
  const loader = data.loader({
    indices,
    batch: own.batch,
    seed: config.seed,
    state,
    ...(own.cropSize === undefined ? {} : { size, random: true }),
  });
  const adversary: Adversary | undefined = judged && own.discriminator && {
    ...judged,
    weights: discriminatorWeights(judged, config),
    learningRate: own.discriminator.learningRate ?? own.optimiser.learningRate,
    start: own.discriminator.start,
  };
  return {
    name: "stageA",
    ...sized((size) => of(size).objective),
    scopes: { vqgan: "vqgan" },
    trained: stageATrains,
    ...(adversary && { adversary }),
    loader,
    async inputs(draws, { step }) {
      const { images } = await loader.next();
      const chosen = draws.uniform("quantize", own.batch).map((u) => u < own.quantize ? 1 : 0);
      const weight = own.discriminator && step > own.discriminator.start ? own.discriminator.weight : 0;
      return {
        pixels: images,
        quantize: column(chosen),
        adversarial_weight: tensor("float32", [], Float32Array.of(weight)),
      };
    },
    [Symbol.asyncDispose]() {
      loader[Symbol.dispose]();
      return Promise.resolve();
    },
  };
}
