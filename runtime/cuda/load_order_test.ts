import assert from "node:assert/strict";
import { loadOrder } from "./load_order.ts";

Deno.test("libraries come behind those that they ask for, and the system's are not among them", () => {
  const needs = new Map([
    ["libcublas.so.13", ["libcublasLt.so.13", "libc.so.6"]],
    ["libcublasLt.so.13", ["libc.so.6"]],
    ["libcudart.so.13", []],
    ["libnvblas.so.13", ["libcublas.so.13"]],
  ]);
  assert.deepEqual(loadOrder(needs, ["libcublas.so.13", "libcudart.so.13", "libcuda.so.1"]), [
    "libcublasLt.so.13",
    "libcublas.so.13",
    "libcudart.so.13",
  ]);
});

Deno.test("libraries that ask for each other are loaded all the same", () => {
  const needs = new Map([["a.so", ["b.so"]], ["b.so", ["a.so"]]]);
  assert.deepEqual(loadOrder(needs, ["a.so"]), ["b.so", "a.so"]);
});
