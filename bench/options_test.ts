import assert from "node:assert/strict";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ConfigError } from "../errors.ts";
import { chooseNamed, readBenchOptions } from "./options.ts";

Deno.test("without flags two threads run, nothing is packed and weights go to the temporary folder", () => {
  assert.deepEqual(readBenchOptions({}), {
    only: undefined,
    steps: undefined,
    threads: 2,
    prepack: [undefined],
    precision: ["fp32"],
    weightsFolder: join(tmpdir(), "wuerstchen-bench"),
    keep: false,
    json: undefined,
  });
});

Deno.test("--prepack both measures without packing and then with it", () => {
  assert.deepEqual(readBenchOptions({ prepack: "both" }).prepack, [false, true]);
});

for (const steps of ["0", "-1", "1.5", "many", ""]) {
  Deno.test(`--steps "${steps}" is refused`, () => {
    assert.throws(
      () => readBenchOptions({ steps }),
      new ConfigError(`Expected --steps to be an integer greater than 0 but found ${steps}`),
    );
  });
}

Deno.test("--precision names precisions, in the order in which they are measured", () => {
  assert.deepEqual(readBenchOptions({ precision: "int8,fp32" }).precision, ["int8", "fp32"]);
  assert.throws(() => readBenchOptions({ precision: "int7" }), {
    name: "ConfigError",
    message: "Expected --precision to name some of fp32, fp16, int8, int4 but found int7",
  });
});

Deno.test("--prepack accepts four words only", () => {
  assert.throws(() => readBenchOptions({ prepack: "yes" }), ConfigError);
});

const items = [{ name: "a" }, { name: "b" }, { name: "c" }];

Deno.test("--only keeps the order of the cases", () => {
  assert.deepEqual(chooseNamed(items, { only: ["c", "a"] }), [{ name: "a" }, { name: "c" }]);
  assert.deepEqual(chooseNamed(items, { only: undefined }), items);
});

Deno.test("--only names the known cases where one is unknown", () => {
  assert.throws(
    () => chooseNamed(items, { only: ["a", "x"] }),
    new ConfigError("Expected --only to name some of a, b, c but found x"),
  );
});
