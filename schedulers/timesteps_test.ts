import assert from "node:assert/strict";
import { readFixture } from "../tests/read_fixture.ts";
import { ConfigError } from "../errors.ts";
import {
  checkTimesteps,
  defaultStageCTimesteps,
  parseTimesteps,
  timestepPresets,
  uniformTimesteps,
} from "./timesteps.ts";

Deno.test("the published list equals diffusers' in every bit, in float64 and in float32", () => {
  const { manifest, tensor } = readFixture("scheduler/default_stage_c_scaler1.0");
  assert.deepEqual(defaultStageCTimesteps(), manifest.args.timesteps);
  assert.deepEqual(Float32Array.from(defaultStageCTimesteps()), tensor("timesteps").data);
});

Deno.test("every preset is a list that a scheduler can follow, and a fresh one at each call", () => {
  assert(timestepPresets.has("stage-c-29"));
  for (const [name, make] of timestepPresets) {
    assert.deepEqual(parseTimesteps(` ${name} `), make());
    assert.deepEqual(checkTimesteps(make()), make());
    assert.notEqual(make(), make());
  }
});

Deno.test("parseTimesteps() reads numbers and leaves the ends free", () => {
  assert.deepEqual(parseTimesteps("1,0.5,0"), [1, 0.5, 0]);
  assert.deepEqual(parseTimesteps(" .9 , 5e-1,0.25 "), [0.9, 0.5, 0.25]);
});

Deno.test("parseTimesteps() refuses anything else with one line that says what and where", () => {
  const cases: [string, string][] = [
    ["", 'one of stage-c-29 but found "" at position 1'],
    ["stage-c-30", 'one of stage-c-29 but found "stage-c-30" at position 1'],
    ["1,,0", 'found "" at position 2'],
    ["1,NaN,0", 'found "NaN" at position 2'],
    ["Infinity,0", 'found "Infinity" at position 1'],
    ["1,0x0", 'found "0x0" at position 2'],
    ["1;0", 'found "1;0" at position 1'],
    ["1\n2,0", 'found "1\\n2" at position 1'],
    ["x".repeat(1e6), `found "${"x".repeat(40)}" at position 1`],
    ["1", "at least 2 numbers but found 1"],
    ["1.5,0", "from 0 to 1 but found 1.5 at position 1"],
    ["1,-0.1", "from 0 to 1 but found -0.1 at position 2"],
    ["1,1e999", "from 0 to 1 but found Infinity at position 2"],
    ["0,1", "to fall but found 1 after 0 at position 2"],
    ["1,0.5,0.5,0", "to fall but found 0.5 after 0.5 at position 3"],
    ["1,0.5,0.499999999,0", "to fall but found 0.499999999 after 0.5 at position 3"],
  ];
  for (const [text, message] of cases) {
    assert.throws(() => parseTimesteps(text), (error) => {
      assert(error instanceof ConfigError, text);
      assert(error.message.endsWith(message), error.message);
      assert(!error.message.includes("\n"));
      return true;
    });
  }
});

Deno.test("checkTimesteps() refuses an empty list and NaN", () => {
  assert.throws(() => checkTimesteps([]), ConfigError);
  assert.throws(() => checkTimesteps([1, NaN, 0]), /found NaN at position 2/);
});

Deno.test("uniformTimesteps() rounds as torch.linspace does, also where halves meet", () => {
  // torch.linspace(1, 0, 10) of torch 2.15: element 3 is 0.6666667, one rounding away from the naive 0.6666666.
  assert.deepEqual(uniformTimesteps(9), Float32Array.from([9, 8, 7, 6, 5, 4, 3, 2, 1, 0], (i) => i / 9));
  assert.deepEqual([...uniformTimesteps(1)], [1, 0]);
  for (const n of [2, 7, 30, 59, 1000]) {
    const times = uniformTimesteps(n);
    assert.deepEqual([times.length, times[0], times[n]], [n + 1, 1, 0]);
    assert(times.every((t, i) => i === 0 || t < times[i - 1]!));
  }
});

Deno.test("uniformTimesteps() refuses a number of steps that is not an integer from 1 to 1000000", () => {
  for (const n of [0, -1, 1.5, NaN, Infinity, 1e9]) {
    assert.throws(() => uniformTimesteps(n), {
      name: "ConfigError",
      message: `Expected steps to be an integer from 1 to 1000000 but found ${n}`,
    });
  }
});
