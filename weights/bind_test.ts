import assert from "node:assert/strict";
import { openCheckpoint } from "./checkpoint.ts";
import { dirname, join } from "node:path";
import { CheckpointError } from "../errors.ts";
import type { DType } from "../tensor/tensor.ts";
import { bindCheckpoint, checkParameters, type StoredTensors, unmapped } from "./bind.ts";

type Shapes = Record<string, readonly number[]>;

const declared = (shapes: Shapes) => new Map(Object.entries(shapes));

function stored(shapes: Shapes, dtype: DType = "float32"): StoredTensors {
  const entries = Object.entries(shapes).map(([key, shape]) => {
    return [key, { dtype, shape, file: "/model/weights.safetensors", start: 0, length: 0 }] as const;
  });
  return new Map(entries);
}

function check(network: Shapes, checkpoint: StoredTensors): void {
  checkParameters(declared(network), checkpoint, { folder: "model/prior" });
}

const network = { "blocks.0.weight": [4, 3], "blocks.0.bias": [4], "out.weight": [2, 4] };

Deno.test("a checkpoint with every tensor of its network fits, whatever their order and float dtype", () => {
  for (const dtype of ["float32", "float16", "bfloat16", "float64"] as const) {
    check(network, stored(Object.fromEntries(Object.entries(network).toReversed()), dtype));
  }
});

Deno.test("a missing tensor is named", () => {
  const { "blocks.0.bias": _, ...rest } = network;
  assert.throws(
    () => check(network, stored(rest)),
    new CheckpointError(`model/prior: missing tensors: "blocks.0.bias"; is it this network's checkpoint?`),
  );
});

Deno.test("a tensor that belongs to no part of the network is named", () => {
  assert.throws(
    () => check(network, stored({ ...network, "blocks.1.weight": [1] })),
    new CheckpointError('model/prior: tensors that belong to no part of the network: "blocks.1.weight"'),
  );
});

Deno.test("a misshaped tensor is named with both shapes", () => {
  for (const shape of [[4], [3, 4], [4, 3, 1]]) {
    assert.throws(
      () => check(network, stored({ ...network, "blocks.0.weight": shape })),
      new CheckpointError(
        'model/prior: tensors of another shape than config.json asks for: "blocks.0.weight" is ' +
          `[${shape.join(", ")}] and not [4, 3]`,
      ),
    );
  }
});

Deno.test("five tensors are named and the rest is counted", () => {
  const many = Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`t${i}`, [i + 1]]));
  const named = '"t0", "t1", "t2", "t3", "t4" and 7 more';
  assert.throws(() => check(many, stored({})), new RegExp(`missing tensors: ${named}`));
  assert.throws(() => check({}, stored(many)), new RegExp(`no part of the network: ${named}`));
  const larger = Object.fromEntries(Object.entries(many).map(([key, [size]]) => [key, [size! + 1]]));
  assert.throws(
    () => check(many, stored(larger)),
    /asks for: "t0" is \[2\] and not \[1\], .*"t4" is \[6\] and not \[5\] and 7 more$/,
  );
  assert.throws(() => check(many, stored(many, "int32")), new RegExp(`no floating-point numbers: ${named}`));
});

Deno.test("position_ids and num_batches_tracked are ignored by name, and nothing like them", () => {
  const buffers = { "embeddings.position_ids": [1, 77], position_ids: [77], "down.1.num_batches_tracked": [] };
  check(network, stored({ ...network, ...buffers }));
  for (const key of ["my_position_ids", "position_ids.weight"]) {
    assert.throws(() => check(network, stored({ ...network, [key]: [1] })), new RegExp(key));
  }
});

Deno.test("a whole-number tensor where the network computes is an error", () => {
  const checkpoint = new Map([...stored(network), ...stored({ "out.weight": [2, 4] }, "int64")]);
  assert.throws(
    () => check(network, checkpoint),
    new CheckpointError('model/prior: tensors that are no floating-point numbers: "out.weight"'),
  );
});

Deno.test("a hostile name is quoted on one line", () => {
  const name = "a\n\u001b[2J";
  assert.throws(() => check({}, stored({ [name]: [1] })), /network: "a\\u000a\\u001b\[2J"$/);
});

Deno.test("bindCheckpoint() points into the files, relative to the deepest folder that holds them all", () => {
  const at = (file: string, start: number) => ({ dtype: "float16" as const, shape: [2], file, start, length: 4 });
  const one = bindCheckpoint(new Map([["a", at("/hub/blobs/x", 8)], ["b", at("/hub/blobs/x", 12)]]));
  assert.equal(one.folder, "/hub/blobs");
  assert.deepEqual(one.bind({ key: "b", shape: [2] }), {
    kind: "external",
    dtype: "float16",
    location: "x",
    offset: 12,
  });
  const two = bindCheckpoint(new Map([["a", at("/hub/blobs/x", 8)], ["b", at("/hub/other/deep/y", 16)]]));
  assert.equal(two.folder, "/hub");
  assert.deepEqual(two.bind({ key: "a", shape: [2] }), {
    kind: "external",
    dtype: "float16",
    location: join("blobs", "x"),
    offset: 8,
  });
  assert.throws(() => two.bind({ key: "c", shape: [2] }), new CheckpointError('Expected a tensor "c" in /hub'));
});

Deno.test("a transposed tensor of a .pt file is read before it is bound, all others stay in their file", async () => {
  const path = new URL("../tests/fixtures/checkpoints/views.pt", import.meta.url).pathname;
  const { tensors, read } = await openCheckpoint(path, { stem: "model" });
  const keys = unmapped(tensors);
  assert.deepEqual(keys, ["offset_view", "transposed"].filter((key) => tensors.get(key)?.strides));
  const rows = new Map(await Promise.all(keys.map(async (key) => [key, await read(key)] as const)));
  const { bind, folder } = bindCheckpoint(tensors, rows);
  const binding = bind({ key: "transposed", shape: tensors.get("transposed")!.shape });
  assert.deepEqual(binding, { kind: "tensor", tensor: rows.get("transposed") });
  const { start } = tensors.get("base")!;
  assert.deepEqual(bind({ key: "base", shape: tensors.get("base")!.shape }), {
    kind: "external",
    dtype: "float32",
    location: "views.pt",
    offset: start,
  });
  assert.equal(folder, dirname(await Deno.realPath(path)));
});
