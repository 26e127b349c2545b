/**
 * What a phase of training is: an objective, and the batches that it reads.
 * @module
 */
import type { NoiseSchedule } from "../../plugins/contracts/scheduler.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { TextTokenizer } from "../../text/text_tokenizer.ts";
import type { PhaseName, TrainingConfig } from "../config.ts";
import type { Loader } from "../data/loader.ts";
import type { OrderState } from "../data/order.ts";
import type { BatchDraws } from "../draws.ts";
import type { NetworkConfigs, NetworkName } from "../networks.ts";
import type { Weights } from "../optimiser/gradient_pass.ts";
import type { TrainingData } from "../training_data.ts";
import type { Objective } from "./objective.ts";

/** Chooses an objective by the size of its inputs. */
export type ObjectiveFor = (inputs: Readonly<Record<string, Tensor>>) => Objective;

/** What the objectives of a phase depend on. */
export interface ObjectiveContext {
  readonly config: TrainingConfig;
  readonly configs: NetworkConfigs;
  /** Tokens of a text. */
  readonly tokens: number;
}

/** A phase that is under way. */
export interface Phase extends AsyncDisposable {
  readonly name: PhaseName;
  readonly objective: Objective;
  /** The objective for the size of these inputs, where pictures have several; the same object each time. */
  readonly objectiveFor?: ObjectiveFor;
  /** Network of each scope of the objective's keys: `text_encoder` is the `prior_text_encoder`. */
  readonly scopes: Readonly<Record<string, NetworkName>>;
  /** What learns against it: the discriminator of Stage A, under the scope `discriminator`. */
  readonly adversary?: Adversary;
  /** Factors of a LoRA: first values by key, and their scale's alpha. They learn, and the networks stay as they are. */
  readonly lora?: { readonly factors: Weights; readonly alpha: number };
  /** Which parameters learn; all where left out. */
  readonly trained?: (key: string) => boolean;
  /** Its pictures: where their order stands, which of them could not be read, how long steps have waited for them. */
  readonly loader: Pick<Loader, "samples" | "state" | "unreadable" | "waitedSeconds">;
  /** Inputs of the objective for the next batch. */
  inputs(draws: BatchDraws, at: { step: number }): Promise<Record<string, Tensor>>;
}

/** A network that is trained to tell real from made, and given up afterwards. */
export interface Adversary {
  readonly objective: Objective;
  /** As {@linkcode Phase.objectiveFor}. */
  readonly objectiveFor?: ObjectiveFor;
  /** First values of its parameters, under `discriminator`. */
  readonly weights: Weights;
  readonly learningRate: number;
  /** Step at which it joins. */
  readonly start: number;
}

/** What a phase is made from. */
export interface PhaseContext {
  readonly config: TrainingConfig;
  readonly configs: NetworkConfigs;
  readonly data: TrainingData;
  readonly tokenizer: TextTokenizer;
  readonly schedule: NoiseSchedule;
  /** Weights of every network, by network. */
  readonly networks: ReadonlyMap<NetworkName, Weights>;
  /** Where the order goes on. */
  readonly state?: OrderState | undefined;
}

/** Weights of some networks under the scopes of an objective. */
export function scopedWeights(
  networks: ReadonlyMap<NetworkName, Weights>,
  scopes: Readonly<Record<string, NetworkName>>,
): Map<string, Tensor<"float32">> {
  return new Map(
    Object.entries(scopes).flatMap(([scope, name]) =>
      [...networks.get(name)!].map(([key, tensor]) => [`${scope}.${key}`, tensor] as const)
    ),
  );
}
