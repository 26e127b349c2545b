import assert from "node:assert/strict";
import { CheckpointError } from "../../errors.ts";
import { PickledTuple, type PickleValue } from "./pickle_values.ts";
import { unpickle } from "./unpickle.ts";

/** A pickle of instructions: text stands for its own bytes. */
function pickle(...parts: readonly (string | number | Uint8Array)[]): Uint8Array {
  const bytes = parts.map((part) => {
    if (typeof part === "number") return Uint8Array.of(part);
    return typeof part === "string" ? new TextEncoder().encode(part) : part;
  });
  return Uint8Array.from([0x80, 2, ...bytes.flatMap((part) => [...part]), 0x2e]);
}

const text = (value: string) => Uint8Array.of(0x8c, value.length, ...new TextEncoder().encode(value));
const read = (...parts: readonly (string | number | Uint8Array)[]) => unpickle(pickle(...parts), { name: "x.pt" });

function rejects(parts: readonly (string | number | Uint8Array)[], message: RegExp): void {
  assert.throws(() => read(...parts), (error) => {
    assert(error instanceof CheckpointError, `${error}`);
    assert.match(error.message, message);
    assert(!error.message.includes("\n"));
    return true;
  });
}

/** A float32 tensor of six elements in storage "0". */
function tensorOf({ offset = 0, shape = [2, 3], strides = [3, 1], count = 6, type = "FloatStorage" } = {}) {
  const numbers = (values: readonly number[]) => ["(", ...values.flatMap((value) => ["K", value]), "t"];
  const storage = ["(", text("storage"), `ctorch\n${type}\n`, text("0"), text("cpu"), "K", count, "t", "Q"];
  const hooks = ["ccollections\nOrderedDict\n", ")", "R"];
  return [
    "ctorch._utils\n_rebuild_tensor_v2\n",
    "(",
    ...storage,
    ...["K", offset, ...numbers(shape), ...numbers(strides), 0x89, ...hooks],
    "t",
    "R",
  ];
}

Deno.test("unpickle() reads numbers, text, lists, tuples and dictionaries", () => {
  const cases: readonly (readonly [readonly (string | number | Uint8Array)[], PickleValue])[] = [
    [["N"], null],
    [[0x88], true],
    [[0x89], false],
    [["K", 200], 200],
    [["M", 1, 2], 513],
    [["J", 0xff, 0xff, 0xff, 0xff], -1],
    [[0x8a, 0], 0],
    [[0x8a, 2, 0x00, 0x80], -32768],
    [[0x8a, 8, 1, 0, 0, 0, 0, 0, 0, 0x40], 2n ** 62n + 1n],
    [["G", 0x3f, 0xf8, 0, 0, 0, 0, 0, 0], 1.5],
    [["X", 3, 0, 0, 0, "abc"], "abc"],
    [["U", 1, "z"], "z"],
    [["C", 2, 7, 8], Uint8Array.of(7, 8)],
    [["]", "(", "K", 1, "K", 2, "e"], [1, 2]],
    [["]", "K", 1, "a"], [1]],
    [["K", 1, "K", 2, 0x86], new PickledTuple([1, 2])],
    [["}", text("a"), "K", 1, "s"], new Map([["a", 1]])],
    [["}", "(", text("a"), "K", 1, "K", 3, "N", "u"], new Map<PickleValue, PickleValue>([["a", 1], [3, null]])],
    [[text("m"), 0x94, "0", "h", 0], "m"],
    [["(", "K", 1, "1", "K", 2], 2],
  ];
  for (const [parts, expected] of cases) assert.deepEqual(read(...parts), expected, String(parts));
});

Deno.test("unpickle() makes a dictionary of OrderedDict, and drops its attributes", () => {
  const expected = new Map([["a", 1]]);
  const pair = ["]", "]", text("a"), "a", "K", 1, "a", "a", 0x85];
  assert.deepEqual(read("ccollections\nOrderedDict\n", ...pair, "R"), expected);
  const filled = ["ccollections\nOrderedDict\n", ")", "R", text("a"), "K", 1, "s"];
  assert.deepEqual(read(...filled, "}", text("_metadata"), "N", "s", "b"), expected);
});

Deno.test("unpickle() describes tensors, views and parameters", () => {
  const tensor = {
    kind: "tensor",
    storage: "0",
    dtype: "float32",
    elements: 6,
    offset: 0,
    shape: [2, 3],
    strides: [3, 1],
  };
  assert.deepEqual(read(...tensorOf()), tensor);
  const view = { shape: [3, 2], strides: [1, 3] };
  assert.deepEqual(read(...tensorOf(view)), { ...tensor, ...view });
  const end = { offset: 5, shape: [1], strides: [77] };
  assert.deepEqual(read(...tensorOf(end)), { ...tensor, ...end });
  assert.deepEqual(read(...tensorOf({ type: "BFloat16Storage" })), { ...tensor, dtype: "bfloat16" });
  const parameter = ["ctorch._utils\n_rebuild_parameter\n", ...tensorOf(), 0x88, "N", 0x87, "R"];
  assert.deepEqual(read(...parameter), tensor);
});

Deno.test("unpickle() refuses tensors that reach out of their storage, or hold more than it", () => {
  rejects(tensorOf({ offset: 1 }), /shape \[2,3\] and strides \[3,1\] in a storage of 6 elements/);
  rejects(tensorOf({ strides: [4, 1] }), /in a storage of 6 elements/);
  // A few bytes that ask for any amount of memory.
  rejects(tensorOf({ shape: [200, 200, 200], strides: [0, 0, 0] }), /in a storage of 6 elements/);
  rejects(tensorOf({ shape: [2, 3], strides: [1] }), /2 axes and 1 strides/);
});

Deno.test("unpickle() looks names up in its table and nowhere else", () => {
  for (
    const name of [
      "io\nopen",
      "os\nsystem",
      "builtins\neval",
      "torch\nload",
      "collections\ndefaultdict",
      "numpy\narray",
    ]
  ) {
    rejects(
      [`c${name}\n`],
      new RegExp(`names the Python object "${name.replace("\n", "\\.")}".*nothing of it was run`),
    );
  }
  rejects([text("os"), text("system"), 0x93], /"os\.system"/);
  rejects([text("toString"), text("constructor"), 0x93], /"toString\.constructor"/);
});

Deno.test("unpickle() knows no instruction that makes objects or calls functions of its own", () => {
  const named: readonly (readonly [string | number, string])[] = [
    ["i", "INST"],
    ["o", "OBJ"],
    [0x81, "NEWOBJ"],
    [0x92, "NEWOBJ_EX"],
    [0x82, "EXT1"],
    ["P", "PERSID"],
    [0xff, "0xff"],
  ];
  for (const [code, name] of named) {
    rejects([code], new RegExp(`the instruction ${name} at byte 2 makes no plain data`));
  }
});

Deno.test("unpickle() calls nothing but what the table has", () => {
  rejects([text("a"), ")", "R"], /something is called/);
  rejects(["ctorch\nFloatStorage\n", ")", "R"], /something is called/);
  rejects(["]", ")", "b"], /attributes without a dictionary/);
  rejects(["ctorch._utils\n_rebuild_tensor_v2\n", ")", "R"], /a tensor without storage/);
});

Deno.test("unpickle() refuses what is damaged", () => {
  rejects([], /finds no value/);
  rejects(["K", 1, "K", 2], /expected one value but found 2/);
  rejects(["h", 9], /value 9 is used before it is there/);
  rejects(["e"], /finds no mark/);
  rejects(["X", 0xff, 0xff, 0xff, 0xff, "a"], /it is cut/);
  rejects(["X", 1, 0, 0, 0, 0xc3], /not UTF-8/);
  rejects([0x8a, 200], /whole number of 200 bytes/);
  rejects(["}", "]", "N", "s"], /a key that is no text/);
  assert.throws(() => unpickle(Uint8Array.of(0x80, 9), { name: "x" }), /expected protocol 2 to 5 but found 9/);
  assert.throws(() => unpickle(Uint8Array.of(), { name: "x" }), /it is cut/);
});

Deno.test("unpickle() bounds the number of containers, so that a few MB cannot fill the memory", () => {
  const many = new Uint8Array(2_100_000).fill(0x7d);
  const bytes = new Uint8Array(many.length + 2);
  bytes.set([0x80, 2]);
  bytes.set(many, 2);
  assert.throws(() => unpickle(bytes, { name: "x" }), /more than 2000000 lists and dictionaries/);
});

Deno.test("unpickle() survives a list inside itself", () => {
  const value = read("]", 0x94, "h", 0, "a") as PickleValue[];
  assert.equal(value[0], value);
});
