/**
 * Phase 1 under way: pictures, or crops of them, for Stage A.
 * @module
 */
import { ConfigError } from "../../errors.ts";
import { patchDiscriminator } from "../../networks/patch_discriminator.ts";
import { input, scope, traceScopes } from "../../onnx/mod.ts";
import { tensor } from "../../tensor/tensor.ts";
import type { TrainingConfig } from "../config.ts";
import { initialise, plainInit } from "../initialise.ts";
import { column } from "./noise_levels.ts";
import type { Adversary, Phase, PhaseContext } from "./phase.ts";
import { discriminatorObjective, type StageABatch, stageAObjective } from "./stage_a.ts";

type StageAConfig = NonNullable<TrainingConfig["stageA"]>;

function adversaryOf({ configs, config }: PhaseContext, own: StageAConfig, sizes: StageABatch): Adversary | undefined {
  if (!own.discriminator) return undefined;
  const { start, weight: _weight, learningRate, ...shape } = own.discriminator;
  const discriminator = { ...shape, in_channels: config.data.channels };
  const objective = discriminatorObjective(configs.vqgan, sizes, { discriminator, statistics: own.statistics });
  const { parameters } = traceScopes(() =>
    scope(
      "discriminator",
      () =>
        patchDiscriminator(
          discriminator,
          input("pixels", "float32", [1, discriminator.in_channels, sizes.height, sizes.width]),
        ),
    )
  );
  const shapes = parameters as ReadonlyMap<string, readonly number[]>;
  const weights = initialise(shapes, { values: plainInit, seed: config.seed });
  return { objective, weights, learningRate: learningRate ?? own.optimiser.learningRate, start };
}

/** Starts phase 1. */
export function stageAPhase(context: PhaseContext, own: StageAConfig): Phase {
  const { config, configs, data, state } = context;
  const size = own.cropSize === undefined ? data.size : { width: own.cropSize, height: own.cropSize };
  const multiple = configs.vqgan.up_down_scale_factor * 2 ** (configs.vqgan.levels - 1);
  if (size.width % multiple !== 0 || size.height % multiple !== 0) {
    throw new ConfigError(
      `Expected the pictures of stageA to have sides that divide by ${multiple} but found ${size.width}×${size.height}`,
    );
  }
  const sizes = { batch: own.batch, ...size };
  const { training: indices } = data.split(own);
  const loader = data.loader({
    indices,
    batch: own.batch,
    seed: config.seed,
    state,
    size,
    random: own.cropSize !== undefined,
  });
  const adversary = adversaryOf(context, own, sizes);
  const discriminator = own.discriminator && { ...own.discriminator, in_channels: config.data.channels };
  return {
    name: "stageA",
    objective: stageAObjective(configs.vqgan, sizes, { weights: own.loss, discriminator, statistics: own.statistics }),
    scopes: { vqgan: "vqgan" },
    trained: (key) => key.startsWith("vqgan.") && !/\.running_(mean|var)$/.test(key),
    ...(adversary && { adversary }),
    samples: indices.length,
    get state() {
      return loader.state;
    },
    get unreadable() {
      return loader.unreadable;
    },
    get waitedSeconds() {
      return loader.waitedSeconds;
    },
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
