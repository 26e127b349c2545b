import { CheckpointError } from "../../errors.ts";
import { bfloat16Bits } from "../bfloat16.ts";
import { sizeOf, type Tensor, tensor } from "../tensor.ts";
import { boxMuller32, boxMuller64 } from "./box_muller.ts";
import { Mt19937 } from "./mt19937.ts";

/** Element types that {@linkcode TorchGenerator} draws normals and uniforms in. */
export type FloatDType = "float64" | "float32" | "float16" | "bfloat16";

const statePrefix = "torch-mt19937:";
const stateBytes = 4 * Mt19937.size + 4 + 8;

/**
 * Random numbers of torch's CPU generator: a seed gives the tensors that `torch.Generator("cpu").manual_seed(seed)` gives.
 *
 * float32, uniforms and integers are equal bit for bit to torch 2.15 on x86 processors with AVX2 (on others torch's own float32 normals differ by
 * up to 2e-6); float64 normals agree to 1e-14. float16 and bfloat16 normals are the rounded float32 ones. Torch's CUDA generator draws other
 * numbers. Follows
 * {@link https://github.com/pytorch/pytorch/blob/main/aten/src/ATen/core/DistributionsHelper.h DistributionsHelper.h} and
 * {@link https://github.com/pytorch/pytorch/blob/main/aten/src/ATen/native/cpu/DistributionTemplates.h DistributionTemplates.h}.
 *
 * @example
 * ```ts
 * import { TorchGenerator } from "./torch_generator.ts";
 * const latents = new TorchGenerator(0).normal([1, 16, 24, 24]); // torch.randn(1, 16, 24, 24, generator=…)
 * if (latents.data[0] !== Math.fround(-1.1258398)) throw new Error("torch's first number of seed 0");
 * ```
 */
export class TorchGenerator {
  #engine: Mt19937;
  /** The second normal of the last pair that the small-size path drew, if nobody has taken it yet. */
  #cached: number | undefined;

  /**
   * @param seed an integer; as in torch only its low 32 bits count, so that 2^32 equals 0 and −1 equals 2^32 − 1
   * @throws {RangeError} where `seed` is a number that is not a safe integer
   */
  constructor(seed: number | bigint) {
    if (typeof seed === "number" && !Number.isSafeInteger(seed)) {
      throw new RangeError(`Expected seed to be a safe integer or a bigint but found ${seed}`);
    }
    this.#engine = new Mt19937(Number(BigInt.asUintN(32, BigInt(seed))));
  }

  /**
   * Makes a generator that goes on where the one that gave `state` stood.
   *
   * @throws {CheckpointError} where `state` is not what {@linkcode TorchGenerator.getState} returns
   */
  static fromState(state: string): TorchGenerator {
    const { words, position, cached } = decodeState(state);
    const generator = new TorchGenerator(0);
    generator.#engine = Mt19937.from({ words, position });
    generator.#cached = cached;
    return generator;
  }

  /**
   * The whole state as 3358 characters of ASCII: `torch-mt19937:` and, in base64, the 624 words, the position among them (uint32) and the
   * cached normal (float64, NaN where there is none), all little-endian.
   */
  getState(): string {
    const bytes = new Uint8Array(stateBytes);
    const view = new DataView(bytes.buffer);
    this.#engine.words.forEach((word, i) => view.setUint32(4 * i, word, true));
    view.setUint32(4 * Mt19937.size, this.#engine.position, true);
    view.setFloat64(4 * Mt19937.size + 4, this.#cached ?? NaN, true);
    return statePrefix + bytes.toBase64();
  }

  /** Draws standard normals, as `torch.randn(shape, dtype=dtype)`. */
  normal<D extends FloatDType = "float32">(shape: readonly number[], dtype: D = "float32" as D): Tensor<D> {
    const result: Tensor = tensor(dtype, shape);
    if (sizeOf(shape) < 16) {
      const store = storeOf(result as Tensor<FloatDType>);
      for (let i = 0; i < result.data.length; i++) store(i, this.#nextNormal());
    } else if (result.data instanceof Float64Array) {
      this.#fillNormal64(result.data);
    } else if (result.data instanceof Float32Array) {
      this.#fillNormal32(result.data);
    } else {
      this.#fillNormalHalf(result as Tensor<"float16" | "bfloat16">);
    }
    return result as Tensor<D>;
  }

  /** Draws uniforms in [0, 1), as `torch.rand(shape, dtype=dtype)`: in the half types, rounded float32 with 0 in place of 1. */
  uniform<D extends FloatDType = "float32">(shape: readonly number[], dtype: D = "float32" as D): Tensor<D> {
    const result = tensor<FloatDType>(dtype, shape);
    const store = storeOf(result);
    const one = dtype === "bfloat16" ? bfloat16Bits(1) : 1;
    for (let i = 0; i < result.data.length; i++) {
      store(i, dtype === "float64" ? this.#uniform64() : this.#uniform32());
      if (result.data[i] === one) result.data[i] = 0;
    }
    return result as Tensor<D>;
  }

  /**
   * Draws integers of [low, high), as `torch.randint(low, high, shape)`.
   *
   * A number takes one word of the engine below a range of 2^28 and two from there on, as in torch 2.15 (older versions: from 2^32 on).
   *
   * @throws {RangeError} where `low` is not below `high`, or one of them is no integer of 64 bits
   */
  integers(low: number | bigint, high: number | bigint, shape: readonly number[]): Tensor<"int64"> {
    const [from, to] = [int64(low, "low"), int64(high, "high")];
    if (from >= to) throw new RangeError(`Expected low to be less than high but found ${from} and ${to}`);
    const range = to - from;
    const result = tensor("int64", shape);
    for (let i = 0; i < result.data.length; i++) {
      const word = BigInt(this.#engine.next());
      result.data[i] = from + (range < 2n ** 28n ? word : word << 32n | BigInt(this.#engine.next())) % range;
    }
    return result;
  }

  /** Draws a permutation of 0 … n − 1 (n below 2^27), as `torch.randperm(n)`. */
  permutation(n: number): Tensor<"int64"> {
    const result = tensor("int64", [n], BigInt64Array.from({ length: n }, (_, i) => BigInt(i)));
    const { data } = result;
    for (let i = 0; i < n - 1; i++) {
      const j = i + this.#engine.next() % (n - i);
      [data[i], data[j]] = [data[j]!, data[i]!];
    }
    return result;
  }

  #uniform32(): number {
    return (this.#engine.next() & 0xffffff) / 2 ** 24;
  }

  #uniform64(): number {
    const high = this.#engine.next() & 0x1fffff;
    return (high * 2 ** 32 + this.#engine.next()) / 2 ** 53;
  }

  /** The path for fewer than 16 elements: pairs in double precision, of which the second waits for the next call. */
  #nextNormal(): number {
    if (this.#cached !== undefined) {
      const cached = this.#cached;
      this.#cached = undefined;
      return cached;
    }
    const theta = 2 * Math.PI * this.#uniform64();
    const radius = Math.sqrt(-2 * Math.log1p(-this.#uniform64()));
    this.#cached = radius * Math.sin(theta);
    return radius * Math.cos(theta);
  }

  // All uniforms come before the first normal, and a last block that is not full is the last 16 elements drawn anew.
  #fillNormal64(data: Float64Array): void {
    for (let i = 0; i < data.length; i++) data[i] = this.#uniform64();
    for (let i = 0; i + 16 <= data.length; i += 16) boxMuller64(data, i);
    if (data.length % 16 === 0) return;
    const last = data.length - 16;
    for (let i = last; i < data.length; i++) data[i] = this.#uniform64();
    boxMuller64(data, last);
  }

  #fillNormal32(data: Float32Array): void {
    for (let i = 0; i < data.length; i++) data[i] = this.#uniform32();
    for (let i = 0; i + 16 <= data.length; i += 16) boxMuller32(data, i);
    if (data.length % 16 === 0) return;
    const last = data.length - 16;
    for (let i = last; i < data.length; i++) data[i] = this.#uniform32();
    boxMuller32(data, last);
  }

  // torch rounds float32 blocks to the half types block by block, so no uniforms are drawn for the elements past the last full block.
  #fillNormalHalf(result: Tensor<"float16" | "bfloat16">): void {
    const { data } = result;
    const store = storeOf(result);
    const block = new Float32Array(16);
    for (let i = 0; i < data.length; i += 16) {
      for (let j = 0; j < 16; j++) block[j] = this.#uniform32();
      boxMuller32(block, 0);
      const start = Math.min(i, data.length - 16);
      for (let j = 0; j < 16; j++) store(start + j, block[j]!);
    }
  }
}

/** Returns a function that rounds a double to the tensor's type and stores it, through float32 for the two half types as torch does. */
function storeOf({ dtype, data }: Tensor<FloatDType>): (index: number, value: number) => void {
  if (dtype === "bfloat16") return (index, value) => void (data[index] = bfloat16Bits(value));
  if (dtype === "float16") return (index, value) => void (data[index] = Math.fround(value));
  return (index, value) => void (data[index] = value);
}

function int64(value: number | bigint, name: string): bigint {
  const integer = typeof value === "bigint" || Number.isSafeInteger(value) ? BigInt(value) : undefined;
  if (integer === undefined || integer !== BigInt.asIntN(64, integer)) {
    throw new RangeError(`Expected ${name} to be an integer of 64 bits but found ${value}`);
  }
  return integer;
}

function decodeState(state: string): { words: Uint32Array; position: number; cached: number | undefined } {
  const fail = (what: string, cause?: unknown) =>
    new CheckpointError(`Expected the state of a torch generator but found ${what}; start from a seed instead`, {
      cause,
    });
  if (!state.startsWith(statePrefix)) throw fail(`${JSON.stringify(state.slice(0, 20))} at its start`);
  let bytes: Uint8Array;
  try {
    bytes = Uint8Array.fromBase64(state.slice(statePrefix.length));
  } catch (cause) {
    throw fail("text that is not base64", cause);
  }
  if (bytes.length !== stateBytes) throw fail(`${bytes.length} bytes where ${stateBytes} are needed`);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const words = Uint32Array.from({ length: Mt19937.size }, (_, i) => view.getUint32(4 * i, true));
  const position = view.getUint32(4 * Mt19937.size, true);
  if (position > Mt19937.size) throw fail(`position ${position} of ${Mt19937.size}`);
  if (words.every((word) => word === 0)) throw fail("no word that is not zero");
  const cached = view.getFloat64(4 * Mt19937.size + 4, true);
  return { words, position, cached: Number.isNaN(cached) ? undefined : cached };
}
