import assert from "node:assert/strict";
import { tensor } from "../tensor/tensor.ts";
import { externalLocations } from "./external_locations.ts";
import { add, encodeModel, graph, input, parameter } from "./mod.ts";

Deno.test("externalLocations() names each file that weights lie in once, and none for those in the model", () => {
  const y = ["a", "b", "c", "d"].reduce((sum, key) => add(sum, parameter(key, [2])), input("x", "float32", [2]));
  const model = encodeModel(graph({ outputs: { y } }), ({ key }) => {
    if (key === "a") return { kind: "tensor", tensor: tensor("float32", [2]) };
    return { kind: "external", dtype: "float32", location: key === "b" ? "ä/one" : "two", offset: key === "d" ? 8 : 0 };
  });
  assert.deepEqual(externalLocations(model).sort(), ["two", "ä/one"]);
});

Deno.test("externalLocations() finds nothing in a model without weights", () => {
  const x = input("x", "float32", [2]);
  assert.deepEqual(externalLocations(encodeModel(graph({ outputs: { y: add(x, x) } }), () => assert.fail())), []);
});
