/**
 * An optimiser's update of all parameters, as a part of a graph.
 * @module
 */
import { concat, emit, input, integers, mul, reshape, type Value } from "../../onnx/mod.ts";
import { sizeOf, type Tensor, tensor } from "../../tensor/tensor.ts";
import { movingAverage } from "./ema.ts";
import type { Weights } from "./gradient_pass.ts";
import type { Optimiser, StepInfo } from "./optimiser.ts";

/** What is updated, and how. */
export interface UpdateOptions {
  /** Keeps an exponential moving average of the weights. */
  average?: boolean;
  /** Which parameters decay, by key and shape; all where left out, as in torch. */
  decays?: ((key: string, shape: readonly number[]) => boolean) | undefined;
}

/** What an update reads beside weights and gradients. */
export interface UpdateState {
  /** The optimiser's tensors by slot and key. */
  readonly slots: ReadonlyMap<string, Weights>;
  /** The moving average, where one is kept. */
  readonly average?: Weights | undefined;
}

/** Numbers of an update. */
export interface UpdateNumbers extends StepInfo {
  /** d of the moving average, see {@linkcode emaDecay}. */
  readonly averageDecay?: number;
}

/** Next values, by key. */
export interface Updated {
  readonly weights: Map<string, Tensor<"float32">>;
  readonly slots: Map<string, Map<string, Tensor<"float32">>>;
  readonly average?: Map<string, Tensor<"float32">>;
}

/** Parameters that are updated as one, in a row. */
interface Group {
  readonly name: string;
  readonly members: readonly { readonly key: string; readonly shape: readonly number[] }[];
  readonly size: number;
  readonly decays: boolean;
}

/**
 * Most elements of a parameter that is updated together with others. Two thirds of a network's parameters are biases and the like, for
 * which an operator takes less time than the runtime takes to call it.
 */
const smallSize = 4096;

/** Inputs of a graph that belong to the update begin so. */
export const updatePrefix = "update ";

function groupsOf(
  shapes: ReadonlyMap<string, readonly number[]>,
  decays: NonNullable<UpdateOptions["decays"]>,
): Group[] {
  const all = [...shapes].map(([key, shape]) => ({ key, shape, decays: decays(key, shape) }));
  const names = Object.groupBy(all, ({ key, shape, decays }) => {
    return sizeOf(shape) > smallSize ? `parameter ${key}` : `small parameters${decays ? ", decaying" : ""}`;
  });
  return Object.entries(names).map(([name, members = []]) => ({
    name,
    members,
    size: members.reduce((sum, { shape }) => sum + sizeOf(shape), 0),
    decays: members[0]!.decays,
  }));
}

/** The update of some parameters: it makes outputs of a graph, feeds what they read, and takes them apart again. */
export class Update {
  readonly optimiser: Optimiser;
  readonly #shapes: ReadonlyMap<string, readonly number[]>;
  readonly #groups: readonly Group[];
  readonly #averages: boolean;

  constructor(
    optimiser: Optimiser,
    shapes: ReadonlyMap<string, readonly number[]>,
    { average = false, decays = () => true }: UpdateOptions = {},
  ) {
    this.optimiser = optimiser;
    this.#shapes = shapes;
    this.#groups = groupsOf(shapes, decays);
    this.#averages = average;
  }

  /**
   * Outputs of the graph: the next value of each weight and of all that belongs to it.
   *
   * @param of.scale what gradients are multiplied with; nothing where left out
   */
  outputs(
    of: { weight: (key: string) => Value; gradient: (key: string) => Value; scale?: Value | undefined },
  ): Record<string, Value> {
    const names = [...Object.keys(this.optimiser.numbers({ step: 1, learningRate: 1 })), "rest"];
    const numbers = Object.fromEntries(names.map((name) => [name, input(`${updatePrefix}${name}`, "float32", [])]));
    const outputs: Record<string, Value> = {};
    for (const { name, members, size, decays } of this.#groups) {
      const joined = (value: (key: string) => Value) =>
        concat(members.map(({ key }) => reshape(value(key), [-1])), { axis: 0 });
      const given = (kind: string) => input(`${updatePrefix}${kind} of ${name}`, "float32", [size]);
      const gradient = joined(of.gradient);
      const { weight, slots } = this.optimiser.update({
        weight: joined(of.weight),
        gradient: of.scale ? mul(gradient, of.scale) : gradient,
        slots: Object.fromEntries(this.optimiser.slots.map((slot) => [slot, given(slot)])),
        numbers,
        decays,
      });
      // Each weight by itself, since the networks read them so; the rest stays in a row.
      cut(weight, members).forEach((value, i) => outputs[`next weight of ${members[i]!.key}`] = value);
      for (const slot of this.optimiser.slots) outputs[`next ${slot} of ${name}`] = slots[slot]!;
      if (this.#averages) {
        outputs[`next average of ${name}`] = movingAverage(given("average"), weight, { rest: numbers["rest"]! });
      }
    }
    return outputs;
  }

  /** Tensors for the inputs that {@linkcode Update.outputs} made. */
  feeds(
    { slots, average }: UpdateState,
    { averageDecay = 0, ...info }: UpdateNumbers,
  ): Record<string, Tensor> {
    const feeds: Record<string, Tensor> = {};
    const numbers = { ...this.optimiser.numbers(info), ...(this.#averages ? { rest: 1 - averageDecay } : {}) };
    for (const [name, number] of Object.entries(numbers)) {
      feeds[`${updatePrefix}${name}`] = tensor("float32", [], Float32Array.of(number));
    }
    const kinds = new Map([...slots, ...(this.#averages ? [["average", average] as const] : [])]);
    for (const [kind, tensors] of kinds) {
      for (const { name, members, size } of this.#groups) {
        const row = inRow(members.map(({ key }) => found(tensors, `${kind} of ${key}`, key)), size);
        feeds[`${updatePrefix}${kind} of ${name}`] = tensor("float32", [size], row);
      }
    }
    return feeds;
  }

  /** Next values out of a run's results. Those of small parameters are views of one buffer. */
  updated(results: Readonly<Record<string, Tensor>>): Updated {
    const data = (name: string) => results[`next ${name}`]!.data as Float32Array<ArrayBuffer>;
    const views = (kind: string) => {
      const made = new Map<string, Float32Array<ArrayBuffer>>();
      for (const { name, members } of this.#groups) {
        const row = data(`${kind} of ${name}`);
        let start = 0;
        for (const { key, shape } of members) made.set(key, row.subarray(start, start += sizeOf(shape)));
      }
      return this.#select((key) => made.get(key)!);
    };
    return {
      weights: this.#select((key) => data(`weight of ${key}`)),
      slots: new Map(this.optimiser.slots.map((slot) => [slot, views(slot)])),
      ...(this.#averages ? { average: views("average") } : {}),
    };
  }

  #select(dataOf: (key: string) => Float32Array<ArrayBuffer>): Map<string, Tensor<"float32">> {
    return new Map([...this.#shapes].map(([key, shape]) => [key, tensor("float32", shape, dataOf(key))]));
  }
}

/** Cuts a row into the elements of each member. */
function cut(row: Value, members: Group["members"]): Value[] {
  const sizes = members.map(({ shape }) => sizeOf(shape));
  if (sizes.length === 1) return [row];
  return emit("Split", [row, integers(sizes)], {
    outputs: sizes.map((size) => [row.dtype, [size]]),
    attributes: { axis: 0n },
  });
}

/** Elements of tensors one after the other; those of a single one are not copied. */
function inRow(tensors: readonly Tensor<"float32">[], size: number): Float32Array<ArrayBuffer> {
  if (tensors.length === 1) return tensors[0]!.data as Float32Array<ArrayBuffer>;
  const row = new Float32Array(size);
  let start = 0;
  for (const { data } of tensors) {
    row.set(data, start);
    start += data.length;
  }
  return row;
}

function found(tensors: Weights | undefined, name: string, key: string): Tensor<"float32"> {
  const tensor = tensors?.get(key);
  if (!tensor) throw new TypeError(`Expected a tensor for "${name}"`);
  return tensor;
}
