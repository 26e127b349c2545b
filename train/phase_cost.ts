/**
 * What a phase of a training costs, from the graphs of its steps alone.
 * @module
 */
import { ConfigError } from "../errors.ts";
import { GraphError, peakActivationBytes } from "../onnx/mod.ts";
import { sizeOf } from "../tensor/tensor.ts";
import type { PhaseConfig, PhaseName } from "./config.ts";
import { type NetworkConfigs, type NetworkName, networkParameters, networksOf } from "./networks.ts";
import { gradientGraph } from "./optimiser/gradient_graph.ts";
import { passOptions } from "./optimiser/training_step.ts";
import { optimiserOf, stepFlops, stepOptions } from "./phase_run.ts";
import type { Objective } from "./phases/objective.ts";
import type { ObjectiveContext } from "./phases/phase.ts";
import { type PhaseObjectives, phaseObjectives } from "./phases/phase_objectives.ts";

/** What a phase costs. */
export interface PhaseCost {
  /** Parameters that learn. */
  readonly trained: number;
  /** Floating-point operations, and operators, of one step. */
  readonly stepFlops: number;
  readonly stepNodes: number;
  /**
   * Bytes in memory at the peak of a step: the weights of all networks, gradients, the optimiser's tensors, averages, and the activations of
   * each size of batches.
   */
  readonly memory: number;
}

/** Program, runtime library and JavaScript heap. */
const baseBytes = 300e6;

/** Number of parameters of each network. */
export function parameterCounts(configs: NetworkConfigs): Partial<Record<NetworkName, number>> {
  const count = (name: NetworkName) =>
    [...networkParameters(name, configs).values()].reduce((sum, shape) => sum + sizeOf(shape), 0);
  return Object.fromEntries(networksOf(configs).map((name) => [name, count(name)]));
}

/** Copies of the trained weights that a checkpoint's state holds: the weights, the optimiser's tensors, their average. */
export function copiesOf({ optimiser, average }: PhaseConfig): number {
  return 1 + optimiserOf(optimiser).slots.length + (average === 0 ? 0 : 1);
}

/** Memory and operators of what learns together: the phase's networks, or their adversary. */
function playerCost(
  objectives: readonly Objective[],
  own: PhaseConfig,
  { learns }: { learns: ((key: string) => boolean) | undefined },
): { trained: number; nodes: number; memory: number } {
  const averageDecay = own.average === 0 ? undefined : own.average;
  const options = passOptions({ ...stepOptions(own), averageDecay, trained: learns });
  const graphs = objectives.map((objective) => gradientGraph(objective, options));
  const [first] = graphs;
  const trained = [...first!.trained.values()].reduce((sum, shape) => sum + sizeOf(shape), 0);
  // A runtime keeps a session's activations for its next run.
  const activations = graphs.reduce((sum, { graph }) => sum + peakActivationBytes(graph), 0);
  // Weights and states are there twice while an update is made, and so are sums of gradients.
  const tensors = 2 * copiesOf(own) + (own.batches > 1 ? 3 : 0);
  return { trained, nodes: first!.graph.nodes.length, memory: activations + 4 * trained * tensors };
}

/**
 * Counts what a phase that the configuration has will cost.
 *
 * @throws {ConfigError} where its sizes contradict each other
 */
export function phaseCost(name: PhaseName, context: ObjectiveContext): PhaseCost {
  const { config, configs } = context;
  const own = config[name]!;
  const { objectives, adversaries, trained: learns } = built(name, context);
  const main = playerCost(objectives, own, { learns });
  const adversary = adversaries.length === 0 ? undefined : playerCost(adversaries, { ...own, average: 0 }, {
    learns: (key) => key.startsWith("discriminator."),
  });
  const all = Object.values(parameterCounts(configs)).reduce((sum, count) => sum + count, 0);
  return {
    trained: main.trained,
    stepFlops: stepFlops([objectives[0]!, ...adversaries.slice(0, 1)], own),
    stepNodes: own.batches * (main.nodes + (adversary?.nodes ?? 0)),
    memory: baseBytes + 4 * all + main.memory + (adversary?.memory ?? 0),
  };
}

function built(name: PhaseName, context: ObjectiveContext): PhaseObjectives {
  try {
    return phaseObjectives(name, context);
  } catch (error) {
    if (!(error instanceof GraphError)) throw error;
    throw new ConfigError(`${name}: the sizes of the model contradict each other: ${error.message}`, { cause: error });
  }
}
