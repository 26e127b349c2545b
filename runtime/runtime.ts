/**
 * What runs networks: a library for ONNX models.
 * @module
 */
import type { DType, Tensor } from "../tensor/tensor.ts";
import type { Device } from "./devices/device.ts";

/** How a session is built. */
export interface SessionOptions {
  /** What it runs on; the processor where left out. */
  device?: Device | undefined;
  /** Threads inside an operator; the runtime's own choice (one a core) where left out. */
  threads?: number | undefined;
  /** Folder that external data of the model is relative to. */
  folder?: string | undefined;
  /**
   * Lets the runtime keep a second, packed copy of fp32 weights in memory. Off by default: the weights then stay
   * file-mapped, at half the memory (`bench/README.md` has the times).
   */
  prepack?: boolean | undefined;
  /**
   * Lets the runtime plan all activations as one piece of memory from the second run on. Off by default: it takes that piece
   * beside what the first run took (30 to 45 % more in a training step, 70 % in Stage A) and is no faster.
   */
  memoryPattern?: boolean | undefined;
  /** Path that a file begins with in which the runtime writes what each operator took, once the session is released; none where left out. */
  profile?: string | undefined;
  /** Lets the runtime rewrite the graph, which folds all that is computed from weights alone. On by default. */
  optimize?: boolean | undefined;
}

/** What a network takes. */
export interface SessionInput {
  /** By which it is given. */
  readonly name: string;
  /** Of its numbers. */
  readonly dtype: DType;
  /** A number, or a name, of each axis. */
  readonly shape: readonly (number | string)[];
}

/** A loaded network. */
export interface RuntimeSession {
  /** What it takes, in the model's order. */
  readonly inputs: readonly SessionInput[];
  /** What its user has to know, such as that part of it runs on another device than was asked for. */
  readonly notices?: readonly string[] | undefined;
  /** Runs the network once: named inputs in, named outputs out. */
  run(inputs: Readonly<Record<string, Tensor>>): Promise<Record<string, Tensor>>;
  /** Frees the network's memory. The session cannot run afterwards. */
  release(): Promise<void>;
}

/** Runs ONNX models. */
export interface Runtime {
  /** Version of the library. */
  version(): Promise<string>;
  /** `false` where it has no code for 64-bit floats: it is then given graphs without sines and cosines of them. */
  readonly hasFloat64?: boolean | undefined;
  /**
   * Builds a session from the bytes of an ONNX model, whose weights may lie in files of `options.folder` as external data. Options that
   * a library does not have are hints, which it may leave aside.
   */
  createSession(model: Uint8Array, options: SessionOptions): Promise<RuntimeSession>;
}
