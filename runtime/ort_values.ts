/**
 * Tensors as ONNX Runtime's packages for JavaScript take and give them; the native one and WebAssembly's share these types.
 * @module
 */
import type { InferenceSession, OnnxValue, Tensor as OrtTensor } from "onnxruntime-common";
import { type DType, type Tensor, tensor } from "../tensor/tensor.ts";
import type { SessionInput } from "./runtime.ts";

/** The element types that they have under the same names. */
const shared: ReadonlySet<DType> = new Set<DType>([
  "float32",
  "float16",
  "float64",
  "int64",
  "int32",
  "uint8",
  "int8",
  "bool",
]);

/** What a session takes, in the model's order. */
export function inputsOf({ inputMetadata }: Pick<InferenceSession, "inputMetadata">): SessionInput[] {
  return inputMetadata.flatMap((input) => {
    return input.isTensor ? [{ name: input.name, dtype: input.type as DType, shape: input.shape }] : [];
  });
}

/**
 * Inputs of a run.
 *
 * @param ort the package that runs them
 * @throws {TypeError} where it has no such element type
 */
export function feedsOf(
  inputs: Readonly<Record<string, Tensor>>,
  ort: { readonly Tensor: typeof OrtTensor },
): Record<string, OnnxValue> {
  const feeds: Record<string, OnnxValue> = {};
  for (const [name, { dtype, data, shape }] of Object.entries(inputs)) {
    if (!shared.has(dtype)) {
      throw new TypeError(`Expected a dtype that the runtime takes for "${name}" but found ${dtype}`);
    }
    feeds[name] = new ort.Tensor(dtype as "float32", data as Float32Array, shape);
  }
  return feeds;
}

/** Results of a run. */
export function tensorsOf(results: InferenceSession.OnnxValueMapType): Record<string, Tensor> {
  return Object.fromEntries(
    Object.entries(results).map((
      [name, { type, data, dims }],
    ) => [name, tensor(type as "float32", dims, data as Float32Array)]),
  );
}
