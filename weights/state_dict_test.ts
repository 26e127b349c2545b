import assert from "node:assert/strict";
import type { PickledTensor, PickleValue } from "./pt/pickle_values.ts";
import { findStateDict, unwrapKeys } from "./state_dict.ts";

const tensor: PickledTensor = {
  kind: "tensor",
  storage: "0",
  dtype: "float32",
  elements: 1,
  offset: 0,
  shape: [1],
  strides: [1],
};
const map = (object: Record<string, PickleValue>) => new Map<PickleValue, PickleValue>(Object.entries(object));
const weights = map({ a: tensor });
const find = (root: PickleValue, dict?: string) => findStateDict(root, { file: "x.pt", dict });

Deno.test("findStateDict() takes averaged weights before others, and never an optimiser's", () => {
  const others = map({ b: tensor });
  const optimizer = map({ state: new Map([[0, map({ exp_avg: tensor })]]) });
  assert.equal(find(map({ state_dict: others, ema_state_dict: weights, optimizer_state_dict: optimizer })), weights);
  assert.equal(find(map({ state_dict: weights, effnet_state_dict: others, epoch: 3 })), weights);
  assert.equal(find(weights), weights);
  assert.equal(find(map({ something: weights, optimizer })), weights);
});

Deno.test("findStateDict() takes the dictionary that is asked for", () => {
  const root = map({ state_dict: map({ b: tensor }), effnet_state_dict: weights, runs: map({ best: weights }) });
  assert.equal(find(root, "effnet_state_dict"), weights);
  assert.equal(find(root, "runs.best"), weights);
  assert.throws(() => find(root, "effnet"), {
    message:
      'x.pt: expected a dictionary "effnet" but found "state_dict", "effnet_state_dict", "runs.best"; name one with --dict',
  });
});

Deno.test("findStateDict() says what there is where it cannot choose", () => {
  assert.throws(
    () => find(map({ one: weights, two: weights })),
    /which dictionary has the weights but found "one", "two"/,
  );
  assert.throws(() => find(map({ epoch: 3 })), /there is no dictionary of tensors/);
  assert.throws(() => find(map({ state_dict: map({ a: tensor, epoch: 3 }) })), /that are no tensors: "epoch"/);
});

Deno.test("unwrapKeys() takes names of wrappers away that all keys have", () => {
  const unwrap = (...keys: string[]) => [...unwrapKeys(new Map(keys.map((key) => [key, 0]))).keys()];
  assert.deepEqual(unwrap("module._orig_mod.blocks.0", "module._orig_mod.out"), ["blocks.0", "out"]);
  assert.deepEqual(unwrap("module.a", "b"), ["module.a", "b"]);
  assert.deepEqual(unwrap("ema_state_dict.a", "state_dict.a", "state_dict.b"), ["a"]);
  assert.deepEqual(unwrap("prior.a", "decoder.b"), ["prior.a", "decoder.b"]);
  assert.deepEqual(unwrap("text_model.a"), ["text_model.a"]);
  assert.deepEqual(unwrap(), []);
});
