import assert from "node:assert/strict";
import type { DType } from "../tensor/tensor.ts";
import { add, gemm, relu } from "./mod.ts";
import {
  constant,
  emitOne,
  GraphError,
  input,
  integers,
  parameter,
  scalar,
  scope,
  scopePath,
  traceScopes,
  Value,
} from "./value.ts";

Deno.test("a parameter's key is its scope path and its name", () => {
  const weight = scope("blocks.3", () => scope("depthwise", () => parameter("weight", [4, 1, 3, 3])));
  assert.deepEqual(weight.source, { kind: "parameter", key: "blocks.3.depthwise.weight" });
  assert.deepEqual(parameter("gammas", [6]).source, { kind: "parameter", key: "gammas" });
});

Deno.test("a scope ends where its function throws", () => {
  assert.throws(() =>
    scope("a", () => {
      throw new RangeError("inside");
    }), RangeError);
  assert.equal(scopePath(), "");
});

Deno.test("an error names the scope, what was expected and both shapes", () => {
  const x = input("x", "float32", ["batch", 8]);
  assert.throws(
    () => scope("prior", () => scope("mapper", () => gemm(x, parameter("weight", [4, 9])))),
    new GraphError("prior.mapper: Gemm: Expected [m, k] × [n, k]ᵀ but found [batch, 8] × [4, 9]ᵀ"),
  );
});

Deno.test("traceScopes() records what each scope returned and every parameter, used or not", () => {
  const x = input("x", "float32", [2, 4]);
  const { result, scopes, parameters } = traceScopes(() =>
    scope("first", () => {
      parameter("unused", [7]);
      scope("no_value", () => 1);
      return scope("inner", () => add(x, parameter("bias", [4])));
    })
  );
  assert.deepEqual([...parameters], [["first.unused", [7]], ["first.inner.bias", [4]]]);
  assert.deepEqual([...scopes.keys()], ["first.inner", "first"]);
  assert.equal(scopes.get("first"), result);
});

Deno.test("traces nest, and end where their function throws", () => {
  const { parameters } = traceScopes(() => {
    assert.throws(() =>
      traceScopes(() => {
        parameter("inner", [1]);
        throw new Error("inside");
      })
    );
    parameter("outer", [1]);
  });
  assert.deepEqual([...parameters.keys()], ["outer"]);
});

Deno.test("dimensions are positive whole numbers, and symbols only in inputs", () => {
  for (const dim of [0, -1, 1.5, NaN]) {
    assert.throws(() => parameter("weight", [dim]), GraphError);
    assert.throws(() => input("x", "float32", [dim]), GraphError);
  }
  for (const symbol of ["", "*batch", "0*batch", "a*b", "3"]) {
    assert.throws(() => input("x", "float32", [symbol]), GraphError);
  }
});

Deno.test("dim() counts from both ends, and size() wants a number", () => {
  const x = input("x", "float32", ["batch", 3]);
  assert.deepEqual([x.rank, x.dim(0), x.dim(-1), x.size(1)], [2, "batch", 3, 3]);
  assert.throws(() => x.dim(2), /Expected axis 2 to exist in shape \[batch, 3\]/);
  assert.throws(() => x.size(0), /Expected a known size at axis 0 but found "batch" in \[batch, 3\]/);
});

Deno.test("a constant holds as many elements as its shape", () => {
  assert.throws(
    () => constant("float32", [2, 3], new Float32Array(5)),
    new GraphError("Expected 6 elements for a constant [2, 3] but found 5"),
  );
  assert.deepEqual(integers([-1, 2]).source, { kind: "constant", data: BigInt64Array.of(-1n, 2n) });
});

Deno.test("a plain number becomes a scalar of the dtypes that have one", () => {
  for (const dtype of ["float32", "float64", "int64"] as const) assert.deepEqual(scalar(dtype, 2).shape, []);
  assert.throws(() => scalar("int64", 1.5), /whole number beside int64 but found 1.5/);
  assert.throws(() => scalar("bool", 1), GraphError);
});

Deno.test("operators of reals refuse other dtypes and mixtures", () => {
  const of = (dtype: DType) => new Value(dtype, [2, 2], { kind: "input", name: dtype });
  assert.throws(() => relu(of("int64")), /Relu: Expected operands of one floating-point dtype but found int64/);
  assert.throws(() => gemm(of("float32"), of("float64")), /Gemm: .* found float32 and float64/);
  assert.equal(emitOne("Relu", [of("int8")], { dtype: "int8", shape: [2, 2], domain: "other" }).dtype, "int8");
});
