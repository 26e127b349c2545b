/**
 * What an optimiser is: a rule that makes a parameter's next value, written as a graph.
 * @module
 */
import type { Value } from "../../onnx/mod.ts";

/** Where in a training a step is. */
export interface StepInfo {
  /** 1 for the first step. */
  readonly step: number;
  readonly learningRate: number;
}

/** One parameter, as its rule sees it; all values but the numbers have its shape. */
export interface UpdateInputs {
  readonly weight: Value;
  readonly gradient: Value;
  /** What the rule keeps from step to step, by {@linkcode Optimiser.slots}. */
  readonly slots: Readonly<Record<string, Value>>;
  /** Numbers of this step, by the names of {@linkcode Optimiser.numbers}. */
  readonly numbers: Readonly<Record<string, Value>>;
  /** Whether the parameter is to decay. */
  readonly decays: boolean;
}

/** A parameter's next value, and those of its slots. */
export interface UpdateOutputs {
  readonly weight: Value;
  readonly slots: Readonly<Record<string, Value>>;
}

/** An update rule. */
export interface Optimiser {
  readonly name: string;
  /** Names of the tensors that it keeps for each parameter, which are zero at first: `m`, `v`. */
  readonly slots: readonly string[];
  /** Numbers that differ from step to step. */
  numbers(info: StepInfo): Record<string, number>;
  /** Builds the rule for one parameter. */
  update(inputs: UpdateInputs): UpdateOutputs;
}
