import assert from "node:assert/strict";
import type { JsonSchema } from "../config/json_schema.ts";
import { trainingConfigSchema } from "./config_json_schema.ts";
import { trainingConfig } from "./config_schema.ts";

/** Every setting with its path, variants included. */
function* settings(schema: JsonSchema, path = ""): Generator<[string, JsonSchema]> {
  for (const [name, inner] of Object.entries(schema.properties ?? {})) {
    const own = path === "" ? name : `${path}.${name}`;
    yield [own, inner];
    yield* settings(inner, own);
  }
  for (const variant of [...schema.oneOf ?? [], ...schema.anyOf ?? []]) yield* settings(variant, path);
}

Deno.test("every setting but the networks' sizes and the model's defaults is described", () => {
  const plain = [...settings(trainingConfigSchema())].filter(([path, { const: value }]) =>
    value === undefined && !/^model\.\w+\./.test(path) && !/^data\.size\./.test(path)
  );
  assert.ok(plain.length > 80);
  assert.deepEqual(plain.filter(([, { description = "" }]) => !description.endsWith(".")).map(([path]) => path), []);
});

Deno.test("objects take no other keys, and networks have the settings of their classes but for those that follow", () => {
  const schema = trainingConfigSchema();
  const model = schema.properties!["model"]!.properties!;
  assert.equal(schema.additionalProperties, false);
  const [usual, dit] = model["prior"]!.anyOf!;
  assert.deepEqual(Object.keys(usual!.properties!), ["c", "c_r", "depth", "nhead"]);
  assert.deepEqual(Object.keys(dit!.properties!), ["_class_name", "c", "c_r", "depth", "nhead", "mlp_ratio"]);
  assert.equal(usual!.additionalProperties, false);
  assert.ok(!("c_in" in model["decoder"]!.properties!));
  const required = schema.properties!["stageA"]!.required;
  assert.deepEqual(required, ["steps", "batch", "optimiser"]);
});

Deno.test("defaults in the schema are those that a configuration gets", () => {
  const phase = { steps: 4, batch: 3, optimiser: { name: "lion", learningRate: 1e-3 } };
  const config = trainingConfig.parse({ data: { path: "x", size: 64 }, stageA: phase, stageB: phase, stageC: phase });
  let count = 0;
  for (const [path, { default: value }] of settings(trainingConfigSchema())) {
    if (value === undefined || /^model\.(?!tokenizer)|optimiser|weight\./.test(path) || typeof value === "object") {
      continue;
    }
    const found = path.split(".").reduce<unknown>((part, key) => (part as Record<string, unknown>)?.[key], config);
    // What an optional object holds has its default only where the object is there.
    if (found === undefined) continue;
    assert.deepEqual(found, value, path);
    count++;
  }
  assert.ok(count > 40);
});
