import assert from "node:assert/strict";
import { outOfMemory } from "./out_of_memory.ts";

Deno.test("what processors, devices and WebAssembly say where memory is short is recognised", () => {
  const said = [
    "std::bad_alloc",
    "bad allocation",
    "Array buffer allocation failed",
    "bfc_arena.cc:376 AllocateRawInternal Failed to allocate memory for requested buffer of size 4294967296",
    "Available memory of 1024 is smaller than requested bytes of 4096",
    "CUDA failure 2: out of memory ; GPU=0 ; hostname=h",
    "CUBLAS failure 3: CUBLAS_STATUS_ALLOC_FAILED",
    "RuntimeError: memory access out of bounds",
    "WebAssembly.Memory(): could not allocate memory",
    "Aborted(OOM): Out of memory",
    "Invalid typed array length: 5000000000",
  ];
  for (const line of said) assert.equal(outOfMemory(new Error(line)), line);
});

Deno.test("of an error and its causes the innermost line that says so is given", () => {
  const cause = new Error("Non-zero status code\nCUDA failure 2: out of memory\nat x");
  assert.equal(outOfMemory(new Error("plugin: no memory", { cause })), "CUDA failure 2: out of memory");
  assert.equal(outOfMemory("std::bad_alloc"), "std::bad_alloc");
});

Deno.test("other errors are none, whatever caused them", () => {
  const loop: Error = new Error("no such kernel");
  loop.cause = loop;
  for (const error of [loop, new Error("CUDA failure 700: an illegal memory access"), undefined, new RangeError("x")]) {
    assert.equal(outOfMemory(error), undefined);
  }
});
