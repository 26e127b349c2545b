/**
 * Activations by the names that transformers gives them (`ACT2FN` in transformers' `activations.py`).
 * @module
 */
import { gelu, mul, relu, sigmoid, silu, type Value } from "../onnx/mod.ts";

const quickGelu = (x: Value) => mul(x, sigmoid(mul(x, 1.702)));
const tanhGelu = (x: Value) => gelu(x, { approximate: "tanh" });

/** What a `config.json` may name; each keeps the shape. */
export const activations = {
  quick_gelu: quickGelu,
  gelu: (x: Value) => gelu(x),
  gelu_new: tanhGelu,
  gelu_pytorch_tanh: tanhGelu,
  relu,
  silu,
};

/** Name of an activation. */
export type ActivationName = keyof typeof activations;

/** All of them, for schemas. */
export const activationNames = Object.keys(activations) as ActivationName[];
