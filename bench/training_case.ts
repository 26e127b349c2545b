/**
 * A phase of training over a fixed batch of random numbers, so that nothing but its step is timed.
 * @module
 */
import { ConfigError } from "../errors.ts";
import { graph } from "../onnx/mod.ts";
import { TorchGenerator } from "../tensor/random/torch_generator.ts";
import { sizeOf, type Tensor, tensor } from "../tensor/tensor.ts";
import type { PhaseConfig, PhaseName, TrainingConfig } from "../train/config.ts";
import { initialWeights, type NetworkConfigs, networkConfigs, type NetworkName } from "../train/networks.ts";
import type { Weights } from "../train/optimiser/gradient_pass.ts";
import type { Phase } from "../train/phases/phase.ts";
import { phaseObjectives } from "../train/phases/phase_objectives.ts";

/** The vocabulary that the networks are made for; captions of the bundled model's drawings have about as many words. */
const words = { size: 1100, eosId: 1099 };

/** One phase, ready for `PhaseRun`. */
export interface TrainingCase {
  readonly phase: Phase;
  readonly own: PhaseConfig;
  readonly configs: NetworkConfigs;
  readonly networks: ReadonlyMap<NetworkName, Weights>;
  /** The batch that every step sees. */
  readonly inputs: Readonly<Record<string, Tensor>>;
}

/** Networks of each phase, by the scope of their keys. */
const scopes: Readonly<Record<PhaseName, Readonly<Record<string, NetworkName>>>> = {
  stageA: { vqgan: "vqgan" },
  stageB: { decoder: "decoder", compressor: "compressor", text_encoder: "decoder_text_encoder" },
  stageC: { prior: "prior", text_encoder: "prior_text_encoder" },
  preview: { preview: "preview" },
};

/** Normals for pictures in latent space; 0.1…0.9 for pixels, times and levels; captions of different lengths. */
function randomInput(name: string, shape: readonly number[], generator: TorchGenerator): Tensor {
  const row = shape.at(-1)!;
  const whole = (of: (i: number) => number) =>
    tensor("int64", shape, BigInt64Array.from({ length: sizeOf(shape) }, (_, i) => BigInt(of(i))));
  switch (name) {
    case "latents":
    case "noise":
    case "embedding_noise":
      return generator.normal(shape) as Tensor;
    case "quantize":
    case "embedding_keep":
      return tensor("float32", shape, Float32Array.from({ length: sizeOf(shape) }, (_, i) => Number(i % 4 === 0)));
    case "ids":
      return whole((i) => i * 37 % 1000);
    case "mask":
      return whole((i) => Number(i % row < 3 + Math.floor(i / row) % 7));
    default: {
      const numbers = generator.uniform(shape).data as Float32Array;
      return tensor("float32", shape, numbers.map((number) => 0.1 + 0.8 * number));
    }
  }
}

/** First values of a network, moved a little: what starts at zero would hide half of the gradients. */
function weightsOf(name: NetworkName, configs: NetworkConfigs, { seed }: { seed: number }): Weights {
  const generator = new TorchGenerator(seed);
  const moved = ({ shape, data }: Tensor<"float32">) => {
    const noise = generator.normal(shape).data as Float32Array;
    return tensor("float32", shape, data.map((value, i) => value + 0.01 * Math.abs(noise[i]!)));
  };
  return new Map([...initialWeights(name, configs, { seed })].map(([key, value]) => [key, moved(value)]));
}

/**
 * Makes a phase of a training with random weights and a random batch, the same ones at each call.
 *
 * @throws {ConfigError} where the configuration does not train it
 */
export function trainingCase(name: PhaseName, config: TrainingConfig): TrainingCase {
  const own = config[name];
  if (!own) throw new ConfigError(`Expected a configuration that trains ${name}`);
  const { maxLength: tokens } = config.model.tokenizer;
  const vocabulary = { ...words, maxLength: tokens };
  const configs = networkConfigs(config, { prior: vocabulary, decoder: vocabulary });
  const { objectives: [objective], trained } = phaseObjectives(name, { config, configs, tokens });
  const generator = new TorchGenerator(1);
  const inputs = Object.fromEntries(
    graph({ outputs: { loss: objective!.loss } }).inputs.map(({ name, value }) => [
      name,
      randomInput(name, value.shape as readonly number[], generator),
    ]),
  );
  const phase: Phase = {
    name,
    objective: objective!,
    scopes: scopes[name],
    ...(trained && { trained }),
    loader: { samples: own.batch, state: { epoch: 0, position: 0 }, unreadable: [], waitedSeconds: 0 },
    inputs: () => Promise.resolve(inputs),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  const names = Object.values(scopes[name]);
  const networks = new Map(names.map((name, i) => [name, weightsOf(name, configs, { seed: i })]));
  return { phase, own, configs, networks, inputs };
}
