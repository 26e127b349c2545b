/**
 * Linear layers with weights of 8 or 4 bits.
 * @module
 */
import { type Graph, graph as makeGraph } from "../graph.ts";
import { add, div, sub } from "../ops/elementwise.ts";
import { gemm } from "../ops/linear.ts";
import { dynamicQuantizeLinear, matMulIntegerToFloat, matMulNBits, type Quantized } from "../ops/quantized.ts";
import { reduceL2 } from "../ops/reduce.ts";
import { reshape, transpose } from "../ops/shape.ts";
import { type Node, Value } from "../value.ts";
import { dependants, makerOf, rebuild, type Renewed } from "./rebuild.ts";

/** How weights are kept: 8 bits with a scale a result, or 4 bits with a scale a block of 32. */
export type WeightFormat = "int8" | "int4";

/** Numbers that share a scale in `int4`. */
export const blockSize = 32;

/** Layers with fewer channels on either side stay: those at the ends of a network, which cost little and whose errors are seen. */
const leastChannels = 48;

/** A layer whose weight is to be kept in fewer bits. */
export interface QuantizedLayer {
  /** Key of its weight, such as `blocks.0.channelwise.0.weight`; its parameters are called NAME.int8 or NAME.int4, NAME.scale, NAME.bias. */
  readonly name: string;
  /** The weight in full, as an expression of parameters: [to, from]. */
  readonly weight: Value;
  /** The bias with all that is folded into it, likewise: [to]. Nothing where it is a parameter as it is, or there is none. */
  readonly bias: Value | undefined;
  /** Channels that go in. */
  readonly from: number;
  /** Channels that come out. */
  readonly to: number;
}

/** A graph with layers in fewer bits, and what their parameters are made from. */
export interface QuantizedGraph {
  /** The graph, which takes the weights in fewer bits as parameters. */
  readonly graph: Graph;
  /** One entry a weight, however often it is used. */
  readonly layers: readonly QuantizedLayer[];
}

/** A linear layer over rows. */
interface Layer extends QuantizedLayer {
  readonly rows: Value;
  /** The bias as it is. */
  readonly plain: Value | undefined;
}

/**
 * Replaces linear layers x·Wᵀ + b by products with weights of few bits. In `int8` the rows are rounded to 8 bits too, at each run, between
 * their lowest and highest number; layers that read the same tensor share that. W keeps a scale for each of its rows.
 *
 * What is added to the rows of a layer, the β of a global response normalisation, goes into the bias with the full weight:
 * (x + β)·Wᵀ + b = x·Wᵀ + (b + W·β), so that it takes no room in the rows' 256 steps.
 *
 * Layers of one vector a picture (timesteps) stay, as do those with fewer than 48 channels on a side.
 */
export function quantizeLinear(graph: Graph, options: QuantizeOptions): QuantizedGraph {
  const { round, layers } = roundLayers(graph, options);
  const made = rebuild(graph, (node, now) => {
    const rounded = round(node, now);
    return rounded && [rounded.value];
  });
  return { graph: made, layers: [...layers.values()] };
}

/**
 * What each layer is off by in fewer bits, given what goes into it in full: ‖rounded − full‖ / ‖full‖ over all its results, as an output of
 * its name. Of a layer that is used several times the first use counts.
 */
export function compareQuantized(graph: Graph, options: QuantizeOptions): Graph {
  const { round } = roundLayers(graph, options);
  const errors: Record<string, Value> = {};
  for (const node of graph.nodes) {
    const rounded = round(node, (value) => value);
    if (!rounded || errors[rounded.name]) continue;
    const [full] = node.outputs;
    const length = (value: Value) => reduceL2(value, { axes: [0, 1] });
    errors[rounded.name] = div(length(sub(rounded.value, full!)), length(full!));
  }
  return makeGraph({ name: `${graph.name}.drift`, outputs: errors });
}

/** Which layers become which. */
export interface QuantizeOptions {
  /** Bits and layout of the weights. */
  readonly format: WeightFormat;
  /** Whether a layer is wanted, by its name; all are where left out. */
  readonly only?: ((name: string) => boolean) | undefined;
}

/** Makes the result of a node in fewer bits, where it is such a layer, and notes the layer. */
function roundLayers(graph: Graph, { format, only = () => true }: QuantizeOptions) {
  const given = dependants(graph, graph.inputs.map(({ name }) => name));
  const names = new Names();
  const layers = new Map<string, QuantizedLayer>();
  const quantized = new Map<Value, Quantized>();
  const moved = new Map<Value, Value>();
  const round = (node: Node, now: Renewed): { name: string; value: Value } | undefined => {
    const found = matchLayer(node, { given, names, now });
    if (!found || !only(found.name) || (format === "int4" && found.from % blockSize !== 0)) return undefined;
    const { rows, plain, ...layer } = found;
    layers.set(layer.name, layers.get(layer.name) ?? layer);
    const { name, from, to } = layer;
    const bias = layer.bias ? parameterOf(`${name}.bias`, [to]) : plain;
    if (format === "int4") {
      const values = parameterOf(`${name}.int4`, [to, from / blockSize, blockSize / 2], "uint8");
      const scales = parameterOf(`${name}.scale`, [to * from / blockSize]);
      return { name, value: matMulNBits(rows, { values, scales }, { bits: 4, block: blockSize, bias }) };
    }
    const values = parameterOf(`${name}.int8`, [from, to], "int8");
    const scales = parameterOf(`${name}.scale`, [to]);
    const whole = quantizeRows(rows, { quantized, moved });
    return { name, value: matMulIntegerToFloat(whole, { values, scales }, { bias }) };
  };
  return { round, layers };
}

/** A parameter by its whole key, wherever it is made. */
function parameterOf(key: string, shape: readonly number[], dtype: "float32" | "int8" | "uint8" = "float32"): Value {
  return new Value(dtype, shape, { kind: "parameter", key });
}

/** Finds a layer whose weight and bias are known when the network is loaded. */
function matchLayer(
  node: Node,
  { given, names, now }: { given: ReadonlySet<Value>; names: Names; now: Renewed },
): Layer | undefined {
  const isGemm = node.op === "Gemm" && !node.attributes["transA"];
  if (!isGemm && node.op !== "MatMul") return undefined;
  const [rows, weight, bias] = node.inputs as [Value, Value, Value | undefined];
  const turned = isGemm && node.attributes["transB"] === 1n;
  const x = makerOf(rows, "Reshape")?.inputs[0];
  if (weight.rank !== 2 || given.has(weight) || (bias && given.has(bias)) || !x || x.rank <= 2) return undefined;
  const [from, to] = turned ? [weight.size(1), weight.size(0)] : [weight.size(0), weight.size(1)];
  if (Math.min(from, to) < leastChannels) return undefined;
  const shift = shiftOf(x, { given, channels: from });
  const full = turned ? weight : transpose(weight, [1, 0]);
  const folded = shift && reshape(gemm(reshape(shift.by, [1, -1]), full), [-1]);
  return {
    name: names.of(weight, node.scope),
    weight: full,
    bias: folded ? (bias ? add(folded, bias) : folded) : bias?.source.kind === "node" ? bias : undefined,
    from,
    to,
    rows: shift ? reshape(now(shift.x), [-1, from]) : now(rows),
    plain: bias && now(bias),
  };
}

/** What is added to each row of `x` and known when the network is loaded. */
function shiftOf(
  x: Value,
  { given, channels }: { given: ReadonlySet<Value>; channels: number },
): { x: Value; by: Value } | undefined {
  const sum = makerOf(x, "Add");
  if (!sum) return undefined;
  const [a, b] = sum.inputs as [Value, Value];
  const [plain, by] = given.has(a) ? [a, b] : [b, a];
  const isRow = by.shape.at(-1) === channels && by.shape.slice(0, -1).every((dim) => dim === 1);
  return isRow && !given.has(by) && String(plain.shape) === String(x.shape) ? { x: plain, by } : undefined;
}

/** Names of weights: the key of a parameter, or that of the layer that computes with what is made of several. */
class Names {
  readonly #byWeight = new Map<unknown, string>();
  readonly #taken = new Set<string>();

  of(weight: Value, scope: string): string {
    const { source } = makerOf(weight, "Reshape")?.inputs[0] ?? weight;
    const id = source.kind === "parameter" ? source.key : weight;
    let name = this.#byWeight.get(id);
    if (name === undefined) {
      const base = source.kind === "parameter" ? source.key : `${scope}.weight`;
      name = base;
      for (let i = 2; this.#taken.has(name); i++) name = `${base}.${i}`;
      this.#taken.add(name);
      this.#byWeight.set(id, name);
    }
    return name;
  }
}

/**
 * Rounds rows where they come from, before they are moved about: one byte a number is moved faster than four, and what several layers
 * read is rounded once.
 */
function quantizeRows(
  rows: Value,
  { quantized, moved }: { quantized: Map<Value, Quantized>; moved: Map<Value, Value> },
): Quantized {
  const origin = originOf(rows);
  let found = quantized.get(origin);
  if (!found) {
    found = dynamicQuantizeLinear(origin);
    quantized.set(origin, found);
    moved.set(origin, found.values);
  }
  return { ...found, values: moveAgain(rows, moved) };
}

/** The tensor whose numbers `value` holds in another order. */
function originOf(value: Value): Value {
  const node = value.source.kind === "node" ? value.source.node : undefined;
  if (node?.op === "Reshape" || node?.op === "Transpose") return originOf(node.inputs[0]!);
  if (node?.op !== "Concat") return value;
  const origins = new Set(node.inputs.map((part) => originOf(unsliced(part!))));
  return origins.size === 1 ? [...origins][0]! : value;
}

function unsliced(value: Value): Value {
  const cut = makerOf(value, "Slice");
  return cut ? unsliced(cut.inputs[0]!) : value;
}

/** The moves from an origin to `value`, of the whole numbers. */
function moveAgain(value: Value, moved: Map<Value, Value>): Value {
  const known = moved.get(value);
  if (known) return known;
  const { node } = value.source as { node: Node };
  const joins = node.op === "Concat";
  const inputs = node.inputs.map((part, i) => part && (joins || i === 0) ? moveAgain(part, moved) : part);
  const outputs: Value[] = [];
  outputs.push(new Value("uint8", value.shape, { kind: "node", node: { ...node, inputs, outputs }, index: 0 }));
  moved.set(value, outputs[0]!);
  return outputs[0]!;
}
