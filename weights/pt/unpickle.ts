/**
 * Reads Python pickles as data: numbers, text, lists, tuples, dictionaries, and the tensors of `torch.save`.
 *
 * A pickle is a program for a stack machine that may call any function of any module. Here it can call none: of the machine's
 * instructions only those that make data are known, and a name is looked up in one fixed table of words, each of which stands for
 * a tensor or a dictionary (`torch/_weights_only_unpickler.py` has the same idea). Anything else is an error that names it.
 * @module
 */
import { CheckpointError } from "../../errors.ts";
import { bytesOf } from "../../tensor/tensor.ts";
import { quote } from "../quote.ts";
import { Internal, isTensor, type PickledTensor, PickledTuple, type PickleValue, words } from "./pickle_values.ts";

/** More lists, tuples and dictionaries than any checkpoint has; they take fifty times the memory of their bytes in the pickle. */
const maxContainers = 2_000_000;

/** Most axes of a tensor in torch. */
const maxAxes = 64;

/**
 * Reads one pickle, of protocol 2 to 5.
 *
 * @param options.name of the file, for messages
 * @throws {CheckpointError} where it is damaged, names anything but tensors and plain containers, or holds too many of them
 */
export function unpickle(bytes: Uint8Array, { name }: { name: string }): PickleValue {
  return new Machine(bytes, name).run();
}

/** Marks where the arguments of an instruction begin. */
const mark = Symbol("mark");

class Machine {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #name: string;
  readonly #stack: (PickleValue | typeof mark)[] = [];
  readonly #memo = new Map<number, PickleValue>();
  #at = 0;
  #containers = 0;

  constructor(bytes: Uint8Array, name: string) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#name = name;
  }

  run(): PickleValue {
    if (this.#byte() !== 0x80) throw this.#error("expected it to begin with its protocol");
    const protocol = this.#byte();
    if (protocol < 2 || protocol > 5) throw this.#error(`expected protocol 2 to 5 but found ${protocol}`);
    for (;;) {
      const start = this.#at;
      const code = this.#byte();
      if (code === 0x2e) return this.#finish();
      const instruction = instructions.get(code);
      if (!instruction) {
        const letter = forbidden[code] ?? `0x${code.toString(16).padStart(2, "0")}`;
        throw this.#error(`the instruction ${letter} at byte ${start} makes no plain data`);
      }
      instruction(this);
    }
  }

  #finish(): PickleValue {
    const value = this.pop();
    if (this.#stack.length > 0) throw this.#error(`expected one value but found ${this.#stack.length + 1}`);
    return value;
  }

  push(value: PickleValue | typeof mark): void {
    this.#stack.push(value);
  }

  /** A new list, tuple or dictionary, which is counted. */
  pushContainer(value: PickleValue): void {
    if (++this.#containers > maxContainers) throw this.#error(`more than ${maxContainers} lists and dictionaries`);
    this.#stack.push(value);
  }

  pop(): PickleValue {
    const value = this.#stack.pop();
    if (value === undefined || value === mark) throw this.#error("an instruction finds no value");
    return value;
  }

  peek(): PickleValue {
    const value = this.pop();
    this.#stack.push(value);
    return value;
  }

  /** The values since the last mark, which are taken away with it. */
  popMark(): PickleValue[] {
    const at = this.#stack.lastIndexOf(mark);
    if (at < 0) throw this.#error("an instruction finds no mark");
    const values = this.#stack.splice(at).slice(1);
    return values as PickleValue[];
  }

  tuple(count: number): void {
    const items = Array.from({ length: count }, () => this.pop()).reverse();
    this.pushContainer(new PickledTuple(items));
  }

  /** Adds keys and values to the dictionary below them. */
  setItems(items: readonly PickleValue[]): void {
    const dict = this.peek();
    if (!(dict instanceof Map) || items.length % 2 !== 0) throw this.#error("keys and values without a dictionary");
    for (let i = 0; i < items.length; i += 2) {
      const key = items[i]!;
      if (typeof key === "object" && key !== null) throw this.#error("a key that is no text or number");
      dict.set(key, items[i + 1]!);
    }
  }

  append(items: readonly PickleValue[]): void {
    const list = this.peek();
    if (!Array.isArray(list)) throw this.#error("items without a list");
    for (const item of items) list.push(item);
  }

  remember(index: number): void {
    this.#memo.set(index, this.peek());
  }

  memoize(): void {
    this.remember(this.#memo.size);
  }

  recall(index: number): void {
    const value = this.#memo.get(index);
    if (value === undefined) throw this.#error(`value ${index} is used before it is there`);
    this.push(value);
  }

  /** Looks a name up in the table, which is all that ever happens with it. */
  global(module: string, name: string): void {
    const path = `${module}.${name}`;
    const word = words.get(path);
    if (!word) {
      throw new CheckpointError(
        `${this.#name}: it names the Python object ${quote(path)}, and only tensors and plain containers are read; ` +
          "nothing of it was run; a file of weights alone, or safetensors, needs no such thing",
      );
    }
    this.push(new Internal(word));
  }

  stackGlobal(): void {
    const [name, module] = [this.pop(), this.pop()];
    if (typeof module !== "string" || typeof name !== "string") throw this.#error("a name that is no text");
    this.global(module, name);
  }

  /** A storage: `("storage", type, key, device, count)`. */
  persistent(): void {
    const id = this.pop();
    const [kind, type, key, , count] = id instanceof PickledTuple ? id.items : [];
    const word = type instanceof Internal && type.value.kind === "storageType" ? type.value : undefined;
    if (kind !== "storage" || !word || typeof key !== "string" || !isCount(count)) {
      throw this.#error("expected a reference to a storage");
    }
    this.push(new Internal({ kind: "storage", key, dtype: word.dtype, count }));
  }

  reduce(): void {
    const [given, called] = [this.pop(), this.pop()];
    const word = called instanceof Internal ? called.value : undefined;
    if (!(given instanceof PickledTuple) || word?.kind !== "function") {
      throw this.#error("something is called that is no function of the table");
    }
    const items = given.items;
    switch (word.name) {
      case "tensor":
        return this.push(this.#tensor(items));
      case "parameter":
        if (!isTensor(items[0])) throw this.#error("a parameter without a tensor");
        return this.push(items[0]);
      case "size":
        if (items.length !== 1 || !(items[0] instanceof PickledTuple)) throw this.#error("a shape without sizes");
        return this.push(items[0]);
      case "dictionary":
        return this.#dictionary(items);
    }
  }

  /** `OrderedDict()`, or `OrderedDict([[key, value], …])`. */
  #dictionary(items: readonly PickleValue[]): void {
    this.pushContainer(new Map());
    const [pairs = []] = items;
    if (items.length > 1 || !Array.isArray(pairs)) throw this.#error("a dictionary of something else than pairs");
    this.setItems(pairs.flatMap((pair) => {
      const both = pair instanceof PickledTuple ? pair.items : pair;
      if (!Array.isArray(both) || both.length !== 2) throw this.#error("a dictionary of something else than pairs");
      return both;
    }));
  }

  /** Attributes of a dictionary, such as `_metadata` of a state dict, are dropped: there is no tensor in them. */
  build(): void {
    this.pop();
    if (!(this.peek() instanceof Map)) throw this.#error("attributes without a dictionary");
  }

  #tensor([source, offset, size, stride, , , type]: readonly PickleValue[]): PickledTensor {
    const storage = source instanceof Internal && source.value.kind === "storage" ? source.value : undefined;
    const typed = type instanceof Internal && type.value.kind === "dtype" ? type.value.dtype : undefined;
    const dtype = storage?.dtype ?? typed;
    const shape = size instanceof PickledTuple ? size.items : undefined;
    const strides = stride instanceof PickledTuple ? stride.items : undefined;
    if (!storage || !dtype || !isCount(offset) || !isCounts(shape) || !isCounts(strides)) {
      throw this.#error("a tensor without storage, type, place, shape or strides");
    }
    if (shape.length !== strides.length || shape.length > maxAxes) {
      throw this.#error(`a tensor of ${shape.length} axes and ${strides.length} strides`);
    }
    const elements = storage.dtype === undefined ? storage.count / bytesOf(dtype) : storage.count;
    const count = shape.reduce((product, dim) => product * dim, 1);
    const last = offset + shape.reduce((sum, dim, axis) => sum + (dim - 1) * strides[axis]!, 0);
    // An expanded tensor repeats its elements, so that a few bytes could ask for any amount of memory.
    if (!Number.isSafeInteger(count) || count > elements || (count > 0 && last >= elements)) {
      throw this.#error(`a tensor of shape [${shape}] and strides [${strides}] in a storage of ${elements} elements`);
    }
    return { kind: "tensor", storage: storage.key, dtype, elements, offset, shape, strides };
  }

  #byte(): number {
    const byte = this.#bytes[this.#at++];
    if (byte === undefined) throw this.#error("it is cut");
    return byte;
  }

  take(count: number): Uint8Array {
    if (count > this.#bytes.length - this.#at) throw this.#error("it is cut");
    this.#at += count;
    return this.#bytes.subarray(this.#at - count, this.#at);
  }

  /** An unsigned little-endian number of 1, 2, 4 or 8 bytes. */
  unsigned(width: 1 | 2 | 4 | 8): number {
    this.take(width);
    const at = this.#at - width;
    if (width === 1) return this.#view.getUint8(at);
    if (width === 2) return this.#view.getUint16(at, true);
    if (width === 4) return this.#view.getUint32(at, true);
    return Number(this.#view.getBigUint64(at, true));
  }

  int32(): number {
    this.take(4);
    return this.#view.getInt32(this.#at - 4, true);
  }

  float64(): number {
    this.take(8);
    return this.#view.getFloat64(this.#at - 8);
  }

  /** A two's complement number; longer ones than 64 bits stand in no checkpoint. */
  long(bytes: number): number | bigint {
    if (bytes > 8) throw this.#error(`a whole number of ${bytes} bytes`);
    let value = 0n;
    this.take(bytes).forEach((byte, i) => value |= BigInt(byte) << BigInt(8 * i));
    const signed = BigInt.asIntN(8 * bytes, value);
    return Number.isSafeInteger(Number(signed)) ? Number(signed) : signed;
  }

  text(bytes: number): string {
    try {
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(this.take(bytes));
    } catch (error) {
      if (error instanceof CheckpointError) throw error;
      throw this.#error("text that is not UTF-8");
    }
  }

  /** Text up to the end of the line. */
  line(): string {
    const end = this.#bytes.indexOf(0x0a, this.#at);
    if (end < 0) throw this.#error("it is cut");
    const text = this.text(end - this.#at);
    this.#at++;
    return text;
  }

  #error(problem: string): CheckpointError {
    return new CheckpointError(`${this.#name}: not a valid pickle of weights, ${problem}`);
  }
}

function isCount(value: PickleValue | undefined): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function isCounts(values: readonly PickleValue[] | undefined): values is readonly number[] {
  return values !== undefined && values.every(isCount);
}

/** The instructions that make data, by their code (`pickletools.py` of CPython describes all). */
const instructions: ReadonlyMap<number, (machine: Machine) => void> = new Map<number, (machine: Machine) => void>([
  [0x95, (m) => void m.take(8)], // FRAME
  [0x28, (m) => m.push(mark)], // MARK
  [0x30, (m) => void m.pop()], // POP
  [0x31, (m) => void m.popMark()], // POP_MARK
  [0x32, (m) => m.push(m.peek())], // DUP
  [0x4e, (m) => m.push(null)], // NONE
  [0x88, (m) => m.push(true)], // NEWTRUE
  [0x89, (m) => m.push(false)], // NEWFALSE
  [0x4a, (m) => m.push(m.int32())], // BININT
  [0x4b, (m) => m.push(m.unsigned(1))], // BININT1
  [0x4d, (m) => m.push(m.unsigned(2))], // BININT2
  [0x8a, (m) => m.push(m.long(m.unsigned(1)))], // LONG1
  [0x47, (m) => m.push(m.float64())], // BINFLOAT
  [0x58, (m) => m.push(m.text(m.unsigned(4)))], // BINUNICODE
  [0x8c, (m) => m.push(m.text(m.unsigned(1)))], // SHORT_BINUNICODE
  [0x8d, (m) => m.push(m.text(m.unsigned(8)))], // BINUNICODE8
  [0x54, (m) => m.push(m.text(m.unsigned(4)))], // BINSTRING
  [0x55, (m) => m.push(m.text(m.unsigned(1)))], // SHORT_BINSTRING
  [0x42, (m) => m.push(m.take(m.unsigned(4)))], // BINBYTES
  [0x43, (m) => m.push(m.take(m.unsigned(1)))], // SHORT_BINBYTES
  [0x5d, (m) => m.pushContainer([])], // EMPTY_LIST
  [0x61, (m) => appendOne(m)], // APPEND
  [0x65, (m) => m.append(m.popMark())], // APPENDS
  [0x29, (m) => m.tuple(0)], // EMPTY_TUPLE
  [0x85, (m) => m.tuple(1)], // TUPLE1
  [0x86, (m) => m.tuple(2)], // TUPLE2
  [0x87, (m) => m.tuple(3)], // TUPLE3
  [0x74, (m) => m.pushContainer(new PickledTuple(m.popMark()))], // TUPLE
  [0x7d, (m) => m.pushContainer(new Map())], // EMPTY_DICT
  [0x73, (m) => setOne(m)], // SETITEM
  [0x75, (m) => m.setItems(m.popMark())], // SETITEMS
  [0x71, (m) => m.remember(m.unsigned(1))], // BINPUT
  [0x72, (m) => m.remember(m.unsigned(4))], // LONG_BINPUT
  [0x94, (m) => m.memoize()], // MEMOIZE
  [0x68, (m) => m.recall(m.unsigned(1))], // BINGET
  [0x6a, (m) => m.recall(m.unsigned(4))], // LONG_BINGET
  [0x63, (m) => m.global(m.line(), m.line())], // GLOBAL
  [0x93, (m) => m.stackGlobal()], // STACK_GLOBAL
  [0x51, (m) => m.persistent()], // BINPERSID
  [0x52, (m) => m.reduce()], // REDUCE
  [0x62, (m) => m.build()], // BUILD
]);

function appendOne(machine: Machine): void {
  const item = machine.pop();
  machine.append([item]);
}

function setOne(machine: Machine): void {
  const value = machine.pop();
  const key = machine.pop();
  machine.setItems([key, value]);
}

/** Names of instructions that make objects of classes or call what is not in the table. */
const forbidden: Readonly<Record<number, string>> = {
  0x69: "INST",
  0x6f: "OBJ",
  0x81: "NEWOBJ",
  0x92: "NEWOBJ_EX",
  0x82: "EXT1",
  0x83: "EXT2",
  0x84: "EXT4",
  0x50: "PERSID",
};
