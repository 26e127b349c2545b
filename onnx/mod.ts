/**
 * A small library for writing networks as ONNX graphs in TypeScript.
 *
 * Operators are plain functions on values; shapes and dtypes are inferred and checked when they are called.
 *
 * @example
 * ```ts
 * import { onnx } from "wuerstchen";
 * const x = onnx.input("x", "float32", ["batch", 8]);
 * const y = onnx.scope("mapper", () => onnx.gemm(x, onnx.parameter("weight", [4, 8])));
 * const network = onnx.graph({ outputs: { y } });
 * if (network.parameters[0]?.key !== "mapper.weight") throw new Error("the scope path is the key");
 * ```
 * @module
 */
export * from "./dims.ts";
export * from "./value.ts";
export * from "./graph.ts";
export * from "./encode.ts";
export * from "./flops.ts";
export * from "./memory.ts";
export * from "./ops/elementwise.ts";
export * from "./ops/linear.ts";
export * from "./ops/low_rank.ts";
export * from "./ops/quantized.ts";
export * from "./ops/reduce.ts";
export * from "./ops/shape.ts";
export * from "./ops/straight_through.ts";
export * from "./gradient/gradient.ts";
export * from "./rewrites/collapse_reshapes.ts";
export * from "./rewrites/fold_channels.ts";
export * from "./rewrites/fuse_attention.ts";
export * from "./rewrites/fuse_transposes.ts";
export * from "./rewrites/half_precision.ts";
export * from "./rewrites/hoist.ts";
export * from "./rewrites/multiply_transposed_convolutions.ts";
export * from "./rewrites/quantize_linear.ts";
export * from "./rewrites/share_repeats.ts";
export * from "./rewrites/single_precision_angles.ts";
export * from "./rewrites/small_convolutions.ts";
export * from "./rewrites/split_rows.ts";
export * from "./rewrites/spread_rows.ts";
export * from "./rewrites/replace_parameters.ts";
