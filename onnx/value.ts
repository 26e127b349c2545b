/**
 * Values: the edges of a graph. Operators take values and return values; no graph object is handed about, since the graph
 * is what can be reached by walking back from its outputs (the idea of Spox and of WebNN's `MLGraphBuilder`).
 * @module
 */
import { type ArrayOf, type DType, sizeOf } from "../tensor/tensor.ts";
import { type Dim, formatShape, type Shape } from "./dims.ts";

/** Attributes of a node, in ONNX's kinds: whole numbers as `bigint` or lists of them, reals as `number`, and strings. */
export type Attribute = number | bigint | string | readonly bigint[];

/** One application of an ONNX operator. */
export interface Node {
  /** Name of the operator, such as `MatMul`. */
  readonly op: string;
  /** Operator set: `""` is ONNX's own. */
  readonly domain: string;
  /** Operands in ONNX's order; `undefined` where an optional one is left out. */
  readonly inputs: readonly (Value | undefined)[];
  /** What ONNX fixes when the graph is built, by name. */
  readonly attributes: Readonly<Record<string, Attribute>>;
  /** Results in ONNX's order. */
  readonly outputs: readonly Value[];
  /** Scope path in which the operator was called, such as `blocks.3.attention`. */
  readonly scope: string;
}

/** Where a value comes from. */
export type Source =
  | { readonly kind: "input"; readonly name: string }
  | { readonly kind: "parameter"; readonly key: string }
  | { readonly kind: "constant"; readonly data: ArrayOf[DType] }
  | { readonly kind: "node"; readonly node: Node; readonly index: number };

/** A tensor that a graph will hold: its element type and shape are known when it is built. */
export class Value {
  /** Makes a value of known type and shape; operators do this, and what makes inputs, parameters and constants. */
  constructor(
    /** Type of the elements. */
    readonly dtype: DType,
    /** Dimensions: numbers, or names where they are known at run time alone. */
    readonly shape: Shape,
    /** Where it comes from. */
    readonly source: Source,
  ) {}

  /** Number of dimensions. */
  get rank(): number {
    return this.shape.length;
  }

  /** The dimension at `axis` (negative from the end). */
  dim(axis: number): Dim {
    const dim = this.shape.at(axis);
    if (dim === undefined) throw new GraphError(`Expected axis ${axis} to exist in shape ${formatShape(this.shape)}`);
    return dim;
  }

  /** The dimension at `axis`, which must be a number. */
  size(axis: number): number {
    const dim = this.dim(axis);
    if (typeof dim === "string") {
      throw new GraphError(`Expected a known size at axis ${axis} but found "${dim}" in ${formatShape(this.shape)}`);
    }
    return dim;
  }
}

/** A graph that cannot be built: the message names the scope and the shapes that do not fit. */
export class GraphError extends Error {
  /** The class's name, which survives minifiers and realms. */
  override readonly name = "GraphError";

  /** Puts the path of open scopes before the message. */
  constructor(message: string) {
    super(path.length > 0 ? `${path.join(".")}: ${message}` : message);
  }
}

/** What was built, recorded by {@linkcode traceScopes}. */
export interface Trace {
  /** The value that each scope returned, by scope path. */
  readonly scopes: Map<string, Value>;
  /** Shape of every parameter that was declared, whether an output needs it or not, by key. */
  readonly parameters: Map<string, readonly number[]>;
}

// Building a graph is synchronous, so the path of open scopes can be kept beside the builder
// in place of being handed through every layer.
const path: string[] = [];
let trace: Trace | undefined;

/**
 * Runs `build` inside a named scope. Scope paths are checkpoint keys: a parameter `weight` made in
 * `scope("blocks.3", () => scope("depthwise", …))` has the key `blocks.3.depthwise.weight`.
 */
export function scope<Result>(name: string, build: () => Result): Result {
  path.push(name);
  try {
    const result = build();
    if (trace && result instanceof Value) trace.scopes.set(path.join("."), result);
    return result;
  } finally {
    path.pop();
  }
}

/** Path of the open scopes, `""` outside of any. */
export function scopePath(): string {
  return path.join(".");
}

/** Runs `build` and also returns what it built: the value of each scope and all declared parameters. */
export function traceScopes<Result>(build: () => Result): Trace & { result: Result } {
  const outer = trace;
  const own: Trace = { scopes: new Map(), parameters: new Map() };
  trace = own;
  try {
    return { result: build(), ...own };
  } finally {
    trace = outer;
  }
}

/** A graph input: a tensor that is given at each run. Its dimensions are positive whole numbers, symbols, or multiples of symbols (`2*batch`). */
export function input(name: string, dtype: DType, shape: Shape): Value {
  if (!shape.every((dim) => typeof dim === "string" ? /^([1-9]\d*\*)?[a-z_]\w*$/i.test(dim) : isSize(dim))) {
    throw new GraphError(
      `Expected "${name}" to have positive whole dimensions or symbols but found ${formatShape(shape)}`,
    );
  }
  return new Value(dtype, shape, { kind: "input", name });
}

/**
 * A trained tensor of the network. Its key is the scope path and `name`; what stands behind it is decided when the graph is bound.
 *
 * @param options.dtype another one than float32 has to be stored as just that
 */
export function parameter(
  name: string,
  shape: readonly number[],
  { dtype = "float32" }: { dtype?: DType } = {},
): Value {
  if (!shape.every(isSize)) {
    throw new GraphError(`Expected "${name}" to have positive whole dimensions but found ${formatShape(shape)}`);
  }
  const key = [...path, name].join(".");
  trace?.parameters.set(key, shape);
  return new Value(dtype, shape, { kind: "parameter", key });
}

function isSize(dim: number): boolean {
  return Number.isSafeInteger(dim) && dim > 0;
}

/** A tensor of fixed numbers, kept inside the graph. */
export function constant<D extends DType>(dtype: D, shape: readonly number[], data: ArrayOf[D]): Value {
  const size = sizeOf(shape);
  if (data.length !== size) {
    throw new GraphError(`Expected ${size} elements for a constant ${formatShape(shape)} but found ${data.length}`);
  }
  return new Value(dtype, shape, { kind: "constant", data });
}

/** A scalar of the given dtype. */
export function scalar(dtype: DType, value: number): Value {
  switch (dtype) {
    case "float32":
      return constant("float32", [], Float32Array.of(value));
    case "float64":
      return constant("float64", [], Float64Array.of(value));
    case "int64":
      if (!Number.isSafeInteger(value)) throw new GraphError(`Expected a whole number beside int64 but found ${value}`);
      return constant("int64", [], BigInt64Array.of(BigInt(value)));
    default:
      throw new GraphError(`Expected a scalar of float32, float64 or int64 but found ${dtype}`);
  }
}

/** A one-dimensional int64 constant: shapes, axes, indices. */
export function integers(values: readonly number[]): Value {
  return constant("int64", [values.length], BigInt64Array.from(values, BigInt));
}

/** Declares the outputs of an operator: dtype and shape of each. */
export type OutputTypes = readonly (readonly [DType, Shape])[];

/** Operators whose operands are all of one floating-point dtype. */
const floating = new Set(
  ("Conv ConvTranspose Cos Erf Exp Gelu Gemm LayerNormalization LeakyRelu Log MatMul ReduceMean Relu Sigmoid Sin " +
    "Softmax Sqrt Tanh").split(" "),
);

function checkFloating(op: string, inputs: readonly (Value | undefined)[]): void {
  const dtypes = inputs.filter((value) => value !== undefined).map(({ dtype }) => dtype);
  if (dtypes.some((dtype) => dtype !== dtypes[0] || !dtype.includes("float"))) {
    throw new GraphError(`${op}: Expected operands of one floating-point dtype but found ${dtypes.join(" and ")}`);
  }
}

/** Makes a node with the given outputs. Operators call this once their shapes are checked. */
export function emit(
  op: string,
  inputs: readonly (Value | undefined)[],
  { outputs, attributes = {}, domain = "" }: {
    outputs: OutputTypes;
    attributes?: Readonly<Record<string, Attribute>>;
    domain?: string;
  },
): Value[] {
  if (domain === "" && floating.has(op)) checkFloating(op, op === "ReduceMean" ? inputs.slice(0, 1) : inputs);
  const values: Value[] = [];
  const node: Node = { op, domain, inputs, attributes, outputs: values, scope: scopePath() };
  outputs.forEach(([dtype, shape], index) => values.push(new Value(dtype, shape, { kind: "node", node, index })));
  return values;
}

/** Like {@linkcode emit}, for an operator with one output. */
export function emitOne(
  op: string,
  inputs: readonly (Value | undefined)[],
  { dtype, shape, ...rest }: {
    dtype: DType;
    shape: Shape;
    attributes?: Readonly<Record<string, Attribute>>;
    domain?: string;
  },
): Value {
  return emit(op, inputs, { outputs: [[dtype, shape]], ...rest })[0]!;
}
