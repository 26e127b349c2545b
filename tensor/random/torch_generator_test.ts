import assert from "node:assert/strict";
import { assertClose, type Fixture, readFixture } from "../../tests/read_fixture.ts";
import { CheckpointError } from "../../errors.ts";
import { bfloat16Value } from "../bfloat16.ts";
import type { DType, Tensor } from "../tensor.ts";
import { type FloatDType, TorchGenerator } from "./torch_generator.ts";

/** The seed in a fixture's name: `seed42`, `seedm1` for −1. */
function seedIn(name: string): bigint {
  const text = /seed(m?\d+)/.exec(name)?.[1];
  assert(text !== undefined, name);
  return BigInt(text.replace("m", "-"));
}

/** Compares with torch's tensor: float64 normals to 1e-14, everything else bit for bit. */
function assertSame(actual: Tensor, fixture: Fixture, name: string): void {
  const expected = fixture.tensor<DType>(name);
  if (expected.dtype === "float64") return assertClose(actual, expected, 1e-14, name);
  assert.deepEqual([...actual.shape], [...expected.shape], name);
  assert.deepEqual(actual.data, expected.data, name);
}

for (const dtype of ["float32", "float16", "bfloat16", "float64"] as const) {
  Deno.test(`normal() equals torch.randn in ${dtype}, for every size and seed of the fixtures`, () => {
    const fixture = readFixture("rng/randn");
    const cases = fixture.manifest.tensors.filter((entry) => entry.dtype === dtype);
    assert(cases.length >= 40, `${cases.length} cases`);
    for (const { name, shape } of cases) {
      assertSame(new TorchGenerator(seedIn(name)).normal(shape, dtype), fixture, name);
    }
  });
}

Deno.test("uniform(), integers() and permutation() equal torch.rand, randint and randperm", () => {
  const fixture = readFixture("rng/rand_randint");
  const counts = { rand: 0, randint: 0, randperm: 0 };
  for (const { name, shape, dtype } of fixture.manifest.tensors) {
    const kind = name.split(".")[0] as keyof typeof counts;
    const generator = new TorchGenerator(seedIn(name));
    counts[kind]++;
    if (kind === "rand") {
      const uniform = generator.uniform(shape, dtype as FloatDType);
      assert.deepEqual(uniform.data, fixture.tensor<DType>(name).data, name);
    } else if (kind === "randint") {
      const [low, high] = name.split(".").slice(2).map(BigInt);
      assertSame(generator.integers(low!, high!, shape), fixture, name);
    } else {
      assertSame(generator.permutation(shape[0]!), fixture, name);
    }
  }
  assert(counts.rand > 0 && counts.randint > 0 && counts.randperm > 0, JSON.stringify(counts));
});

Deno.test("a sequence of calls on one generator equals torch's, with a saved state between any two of them", () => {
  const fixture = readFixture("rng/sequence");
  const seeds = new Set(fixture.manifest.tensors.map(({ name }) => name.split(".")[0]!));
  for (const seed of seeds) {
    let generator = new TorchGenerator(seedIn(seed));
    for (const { i, fn, size, dtype, low, high } of fixture.manifest.calls) {
      generator = TorchGenerator.fromState(generator.getState());
      const drawn = fn === "randn"
        ? generator.normal(size, dtype)
        : fn === "rand"
        ? generator.uniform(size, dtype)
        : generator.integers(low, high, size);
      assertSame(drawn, fixture, `${seed}.${i}`);
    }
  }
});

Deno.test("the engine gives torch's words for every seed, of which only the low 32 bits count", () => {
  const fixture = readFixture("rng/state");
  for (const { name, shape } of fixture.manifest.tensors) {
    const high = name.startsWith("words_mod_2p27") ? 2 ** 27 : 4294967291;
    assertSame(new TorchGenerator(seedIn(name)).integers(0, high, shape), fixture, name);
  }
  const first = (seed: number | bigint) => new TorchGenerator(seed).normal([20]).data;
  assert.deepEqual(first(2 ** 32), first(0));
  assert.deepEqual(first(-1), first(2n ** 64n - 1n));
  assert.notDeepEqual(first(1), first(0));
});

Deno.test("half precision normals redraw the last 16 elements without drawing uniforms for them first", () => {
  const wide = new TorchGenerator(3).normal([32]).data;
  const half = new TorchGenerator(3).normal([17], "bfloat16").data;
  const expected = [wide[0]!, ...wide.subarray(16)];
  assertClose(Array.from(half, bfloat16Value), expected, 0.02, "17 elements from two blocks");
});

Deno.test("half precision uniforms that round to 1 are 0", () => {
  for (const dtype of ["float16", "bfloat16"] as const) {
    const wide = new TorchGenerator(1).uniform([1 << 14]).data;
    const half = new TorchGenerator(1).uniform([1 << 14], dtype).data;
    const top = wide.findIndex((value) => value > 0.9999);
    assert(top >= 0);
    assert.equal(half[top], 0, dtype);
    assert(half.every((value) => (dtype === "bfloat16" ? bfloat16Value(value) : value) < 1), dtype);
  }
});

Deno.test("an empty tensor draws nothing", () => {
  const generator = new TorchGenerator(5);
  const before = generator.getState();
  assert.equal(generator.normal([2, 0, 3]).data.length, 0);
  assert.equal(generator.getState(), before);
});

Deno.test("getState() is short text and does not move the generator", () => {
  const generator = new TorchGenerator(9);
  generator.normal([3]);
  const state = generator.getState();
  assert.match(state, /^torch-mt19937:[A-Za-z0-9+/]{3344}$/);
  assert.equal(generator.getState(), state);
  assert.equal(TorchGenerator.fromState(state).getState(), state);
});

Deno.test("fromState() refuses anything but a state, in one line", () => {
  const state = new TorchGenerator(0).getState();
  const zeros = `torch-mt19937:${new Uint8Array(2508).toBase64()}`;
  const far = Uint8Array.fromBase64(state.slice(14));
  new DataView(far.buffer).setUint32(4 * 624, 625, true);
  for (
    const [bad, message] of [
      ["", /found "" at its start/],
      ["seed 7", /found "seed 7" at its start/],
      [state.slice(0, -4), /found 2505 bytes where 2508 are needed/],
      [state + "!", /not base64/],
      [zeros, /no word that is not zero/],
      [`torch-mt19937:${far.toBase64()}`, /position 625 of 624/],
    ] as const
  ) {
    assert.throws(() => TorchGenerator.fromState(bad), (error) => {
      assert(error instanceof CheckpointError);
      assert.match(error.message, message);
      assert(!error.message.includes("\n"));
      return true;
    });
  }
});

Deno.test("a seed or bound that is no integer is a RangeError", () => {
  for (const seed of [1.5, NaN, Infinity, 2 ** 53]) {
    assert.throws(() => new TorchGenerator(seed), RangeError, `${seed}`);
  }
  const generator = new TorchGenerator(0);
  assert.throws(() => generator.integers(3, 3, [1]), /Expected low to be less than high but found 3 and 3/);
  assert.throws(() => generator.integers(0.5, 3, [1]), /Expected low to be an integer of 64 bits but found 0.5/);
  assert.throws(() => generator.integers(0, 2n ** 63n, [1]), /Expected high to be an integer of 64 bits/);
});

Deno.test("integers() covers the whole range of 64 bits", () => {
  const [low, high] = [-(2n ** 63n), 2n ** 63n - 1n];
  const { data } = new TorchGenerator(0).integers(low, high, [1000]);
  assert(data.some((value) => value < -(2n ** 62n)) && data.some((value) => value > 2n ** 62n));
});

Deno.test("a million float32 normals are drawn quickly and have the right moments", () => {
  const generator = new TorchGenerator(1);
  const started = performance.now();
  const { data } = generator.normal([1 << 20]);
  const milliseconds = performance.now() - started;
  assert(milliseconds < 1000, `${milliseconds} ms`);
  const moment = (power: number) => data.reduce((sum, x) => sum + x ** power, 0) / data.length;
  assertClose([moment(1), moment(2), moment(3), moment(4)], [0, 1, 0, 3], 0.02, "moments");
});
