/**
 * Compares single layers with the module cases of the fixtures.
 * @module
 */
import assert from "node:assert/strict";
import { toChannelsFirst, toChannelsLast } from "../networks/layers.ts";
import type { Value } from "../onnx/mod.ts";
import { assertClose, readFixture, readFixtureTensors } from "./read_fixture.ts";
import { inputsLike, runGraph } from "./run_graph.ts";

/** Values by the names of a case's tensors. */
export type Values = Record<string, Value>;

/** Applies a channels-last layer to a channels-first value. */
export function inside(x: Value, layer: (x: Value) => Value): Value {
  return toChannelsFirst(layer(toChannelsLast(x)));
}

/**
 * Runs a layer on the inputs of `modules/NAME` and compares each of the case's outputs.
 *
 * @param options.scope where the layer's own weights stand in the layer that `build` makes
 */
export async function compareModule(
  name: string,
  build: (inputs: Values) => Values,
  { scope = "" }: { scope?: string } = {},
): Promise<void> {
  const fixture = readFixture(`modules/${name}`);
  const ofRole = (role: string) => fixture.manifest.tensors.filter((tensor) => tensor.role === role);
  const files: { file: string }[] = fixture.manifest["weight_files"] ?? [];
  const stored = files.flatMap(({ file }) => Object.entries(readFixtureTensors(`modules/${name}/${file}`)));
  const weights = Object.fromEntries(stored.map(([key, tensor]) => [scope + key, tensor]));
  const inputs = Object.fromEntries(ofRole("input").map(({ name }) => [name, fixture.tensor(name)]));
  const found = await runGraph(build(inputsLike(inputs)), { inputs, weights });
  assert.deepEqual(Object.keys(found).sort(), ofRole("output").map(({ name }) => name).sort());
  for (const [key, tensor] of Object.entries(found)) {
    const atol = tensor.dtype === "int64" ? 0 : fixture.atol(key);
    assertClose(tensor, fixture.tensor(key), atol, `${name}: ${key}`);
  }
}
