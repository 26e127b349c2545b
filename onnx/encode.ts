/**
 * Writes a graph as the bytes of an ONNX model (`ModelProto` of onnx.proto3, https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3).
 *
 * Where a parameter's numbers come from is decided here, by its binding: a range of a file that stays where it is,
 * a tensor written into the model, or a graph input.
 * @module
 */
import { BinaryWriter } from "@bufbuild/protobuf/wire";
import { bytesOf, type DType, sizeOf, type Tensor, tensorBytes } from "../tensor/tensor.ts";
import { dataTypes } from "./data_types.ts";
import { formatShape, type Shape } from "./dims.ts";
import type { Graph, Parameter } from "./graph.ts";
import { type Attribute, GraphError, type Value } from "./value.ts";

/** What stands behind a parameter. */
export type Binding =
  /**
   * Bytes of a file, `location` being relative to a folder that the session is told. Stored floats of 16 bits are widened by a Cast: once,
   * while the session is built, into memory of its own, or, `widen` being `"run"`, at every run.
   */
  | {
    readonly kind: "external";
    readonly dtype: DType;
    readonly location: string;
    readonly offset: number;
    readonly widen?: "load" | "run";
  }
  /** Numbers kept inside the model. */
  | { readonly kind: "tensor"; readonly tensor: Tensor }
  /** A graph input named by the key: given at each run. */
  | { readonly kind: "input" };

/** ONNX operator set that every graph is written for. */
export const opset = 20;
const irVersion = 10;

type Message = (writer: BinaryWriter) => void;

function message(writer: BinaryWriter, field: number, write: Message): void {
  writer.tag(field, 2).fork();
  write(writer);
  writer.join();
}

function text(writer: BinaryWriter, field: number, value: string): void {
  writer.tag(field, 2).string(value);
}

function integer(writer: BinaryWriter, field: number, value: number | bigint): void {
  writer.tag(field, 0).int64(typeof value === "bigint" ? value.toString() : value);
}

function writeAttribute(name: string, value: Attribute): Message {
  return (w) => {
    text(w, 1, name);
    if (typeof value === "number") {
      w.tag(2, 5).float(value);
      integer(w, 20, 1);
    } else if (typeof value === "bigint") {
      integer(w, 3, value);
      integer(w, 20, 2);
    } else if (typeof value === "string") {
      text(w, 4, value);
      integer(w, 20, 3);
    } else {
      for (const item of value) integer(w, 8, item);
      integer(w, 20, 7);
    }
  };
}

function writeNode(
  { op, domain, name, inputs, outputs, attributes }: {
    op: string;
    domain: string;
    name: string;
    inputs: readonly string[];
    outputs: readonly string[];
    attributes: Readonly<Record<string, Attribute>>;
  },
): Message {
  return (w) => {
    for (const value of inputs) text(w, 1, value);
    for (const value of outputs) text(w, 2, value);
    text(w, 3, name);
    text(w, 4, op);
    for (const [key, value] of Object.entries(attributes)) message(w, 5, writeAttribute(key, value));
    if (domain) text(w, 7, domain);
  };
}

function writeTensorHead(w: BinaryWriter, name: string, { dtype, shape }: { dtype: DType; shape: Shape }): void {
  for (const dim of shape) integer(w, 1, dim as number);
  integer(w, 2, dataTypes[dtype]);
  text(w, 8, name);
}

function writeTensor(name: string, tensor: Tensor): Message {
  return (w) => {
    writeTensorHead(w, name, tensor);
    w.tag(9, 2).bytes(tensorBytes(tensor));
  };
}

function writeExternal(name: string, binding: Binding & { kind: "external" }, shape: readonly number[]): Message {
  const entries = {
    location: binding.location,
    offset: String(binding.offset),
    length: String(sizeOf(shape) * bytesOf(binding.dtype)),
  };
  return (w) => {
    writeTensorHead(w, name, { dtype: binding.dtype, shape });
    for (const [key, value] of Object.entries(entries)) {
      message(w, 13, (entry) => {
        text(entry, 1, key);
        text(entry, 2, value);
      });
    }
    integer(w, 14, 1);
  };
}

function writeValueInfo(name: string, { dtype, shape }: { dtype: DType; shape: Shape }): Message {
  return (w) => {
    text(w, 1, name);
    message(w, 2, (type) =>
      message(type, 1, (tensor) => {
        integer(tensor, 1, dataTypes[dtype]);
        message(tensor, 2, (dims) => {
          for (const dim of shape) {
            message(dims, 1, (d) => typeof dim === "number" ? integer(d, 1, dim) : text(d, 2, dim));
          }
        });
      }));
  };
}

/** Names values as they are met, and collects what must stand in the model before the nodes that use them. */
class Encoder {
  readonly initializers: Message[] = [];
  readonly inputs: Message[] = [];
  readonly nodes: Message[] = [];
  readonly #names = new Map<Value, string>();
  readonly #taken = new Set<string>();
  readonly #counts = new Map<string, number>();
  readonly #bound = new Map<string, string>();
  readonly #bindings = new Map<string, Binding>();
  readonly #bind: (parameter: Parameter) => Binding;

  constructor(bind: (parameter: Parameter) => Binding) {
    this.#bind = bind;
  }

  declareInput(name: string, value: Value): void {
    this.#take(name);
    this.#names.set(value, name);
    this.inputs.push(writeValueInfo(name, value));
  }

  reserve(name: string): void {
    this.#take(name);
  }

  name(value: Value, name: string): void {
    this.#names.set(value, name);
  }

  isNamed(value: Value): boolean {
    return this.#names.has(value);
  }

  nameOf(value: Value | undefined): string {
    if (!value) return "";
    let name = this.#names.get(value);
    if (name === undefined) {
      const { source } = value;
      if (source.kind === "parameter") {
        name = this.parameter(source.key, source.key, value);
      } else if (source.kind === "constant") {
        name = this.fresh("constant");
        const tensor = { dtype: value.dtype, shape: value.shape as readonly number[], data: source.data };
        this.initializers.push(writeTensor(name, tensor));
      } else {
        name = this.fresh(source.kind === "node" ? source.node.scope || source.node.op : source.name);
      }
      this.#names.set(value, name);
    }
    return name;
  }

  /** What stands behind a parameter, asked for once. */
  binding(parameter: Parameter): Binding {
    let binding = this.#bindings.get(parameter.key);
    if (!binding) this.#bindings.set(parameter.key, binding = this.#bind(parameter));
    return binding;
  }

  /** Name under which the parameter `key` is available as `value` has it, whose shape has as many elements as it was trained with. */
  parameter(key: string, label: string, value: Value): string {
    const shape = value.shape as readonly number[];
    const id = `${key} ${value.dtype} ${shape}`;
    const known = this.#bound.get(id);
    if (known !== undefined) return known;
    const name = this.#taken.has(label) ? this.fresh(label) : this.#take(label);
    this.#bound.set(id, name);
    const binding = this.binding({ key, shape });
    if (binding.kind === "input") {
      if (name !== key) throw new GraphError(`Expected names to differ but found two values named "${key}"`);
      this.inputs.push(writeValueInfo(name, value));
      return name;
    }
    if (binding.kind === "tensor" && binding.tensor.data.length !== sizeOf(shape)) {
      throw new GraphError(
        `Expected "${key}" to hold ${formatShape(shape)} but found ${formatShape(binding.tensor.shape)}`,
      );
    }
    const dtype = binding.kind === "external" ? binding.dtype : binding.tensor.dtype;
    const stored = dtype === value.dtype ? name : this.fresh(`${name}.${dtype}`);
    this.initializers.push(
      binding.kind === "external"
        ? writeExternal(stored, binding, shape)
        : writeTensor(stored, { ...binding.tensor, shape }),
    );
    if (stored !== name) {
      // The runtime folds this Cast once, while the session is built, unless the initializer is an input too, which could be overridden.
      if (binding.kind === "external" && binding.widen === "run") {
        this.inputs.push(writeValueInfo(stored, { dtype, shape }));
      }
      const attributes = { to: BigInt(dataTypes[value.dtype]) };
      this.nodes.push(
        writeNode({ op: "Cast", domain: "", name: stored, inputs: [stored], outputs: [name], attributes }),
      );
    }
    return name;
  }

  fresh(base: string): string {
    // Counting on from the last one: thousands of constants share a base.
    for (let i = this.#counts.get(base) ?? 0;; i++) {
      const name = `${base}:${i}`;
      if (this.#taken.has(name)) continue;
      this.#counts.set(base, i + 1);
      return this.#take(name);
    }
  }

  #take(name: string): string {
    if (this.#taken.has(name)) throw new GraphError(`Expected names to differ but found two values named "${name}"`);
    this.#taken.add(name);
    return name;
  }
}

/**
 * Encodes `graph`, asking `bind` once for each parameter.
 *
 * A parameter that is only reshaped becomes an initializer of that shape: the same bytes, no copy. Optional outputs that
 * nothing reads are left out.
 */
export function encodeModel(graph: Graph, bind: (parameter: Parameter) => Binding): Uint8Array<ArrayBuffer> {
  const encoder = new Encoder(bind);
  for (const { name, value } of graph.inputs) encoder.declareInput(name, value);
  const aliases: { from: Value; name: string }[] = [];
  for (const { name, value } of graph.outputs) {
    encoder.reserve(name);
    // An output that is also an input, a parameter, a constant or another output needs a node that gives it its name.
    if (value.source.kind === "node" && !encoder.isNamed(value)) encoder.name(value, name);
    else aliases.push({ from: value, name });
  }
  const used = new Set([...graph.nodes.flatMap(({ inputs }) => inputs), ...graph.outputs.map(({ value }) => value)]);
  for (const node of graph.nodes) {
    const [first] = node.inputs;
    const [output] = node.outputs;
    if (node.op === "Reshape" && first?.source.kind === "parameter" && !encoder.isNamed(output!)) {
      const { key } = first.source;
      if (encoder.binding({ key, shape: first.shape as readonly number[] }).kind !== "input") {
        encoder.name(output!, encoder.parameter(key, `${key}:reshaped`, output!));
        continue;
      }
    }
    const inputs = node.inputs.map((value) => encoder.nameOf(value));
    const outputs = node.outputs.slice(0, 1 + node.outputs.findLastIndex((value) => used.has(value)))
      .map((value) => encoder.nameOf(value));
    encoder.nodes.push(writeNode({ ...node, name: `${node.op} ${outputs[0]}`, inputs, outputs }));
  }
  for (const { from, name } of aliases) {
    const inputs = [encoder.nameOf(from)];
    encoder.nodes.push(writeNode({ op: "Identity", domain: "", name, inputs, outputs: [name], attributes: {} }));
  }
  const domains = new Set(graph.nodes.map((node) => node.domain).filter((domain) => domain !== ""));
  const writer = new BinaryWriter();
  integer(writer, 1, irVersion);
  text(writer, 2, "wuerstchen");
  message(writer, 7, (w) => {
    for (const node of encoder.nodes) message(w, 1, node);
    text(w, 2, graph.name);
    for (const initializer of encoder.initializers) message(w, 5, initializer);
    for (const input of encoder.inputs) message(w, 11, input);
    for (const { name, value } of graph.outputs) message(w, 12, writeValueInfo(name, value));
  });
  for (const [domain, version] of [["", opset], ...[...domains].map((domain) => [domain, 1])] as [string, number][]) {
    message(writer, 8, (w) => {
      if (domain) text(w, 1, domain);
      integer(w, 2, version);
    });
  }
  return writer.finish() as Uint8Array<ArrayBuffer>;
}
