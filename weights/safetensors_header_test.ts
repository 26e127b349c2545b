import assert from "node:assert/strict";
import { CheckpointError } from "../errors.ts";
import { parseSafetensorsHeader } from "./safetensors_header.ts";

/** A file of this header, whose length is set right unless `length` says otherwise. */
function file(header: string | object, { data = 0, length }: { data?: number; length?: bigint } = {}): Uint8Array {
  const text = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + text.byteLength + data);
  new DataView(bytes.buffer).setBigUint64(0, length ?? BigInt(text.byteLength), true);
  bytes.set(text, 8);
  return bytes;
}

function parse(bytes: Uint8Array) {
  return parseSafetensorsHeader(bytes, { name: "x.safetensors", size: bytes.byteLength });
}

function rejects(bytes: Uint8Array, message: string | RegExp): void {
  assert.throws(() => parse(bytes), (error) => {
    assert(error instanceof CheckpointError, `${error}`);
    const invalid = "x.safetensors: not a valid safetensors file, ";
    if (typeof message === "string") assert.equal(error.message, invalid + message);
    else assert.match(error.message, message);
    return true;
  });
}

const entry = { dtype: "F32", shape: [2, 2], data_offsets: [0, 16] };

Deno.test("parseSafetensorsHeader() gives metadata, dtypes, shapes and places in the file", () => {
  const bytes = file({
    b: { dtype: "U8", shape: [3], data_offsets: [16, 19] },
    __metadata__: { format: "pt" },
    a: entry,
    c: { dtype: "F8_E4M3", shape: [1], data_offsets: [19, 20] },
    none: { dtype: "F64", shape: [0, 7], data_offsets: [20, 20] },
  }, { data: 20 });
  const { metadata, tensors } = parse(bytes);
  const start = bytes.byteLength - 20;
  assert.deepEqual({ ...metadata }, { format: "pt" });
  assert.deepEqual([...tensors], [
    ["a", { dtype: "float32", shape: [2, 2], start, end: start + 16 }],
    ["b", { dtype: "uint8", shape: [3], start: start + 16, end: start + 19 }],
    ["c", { dtype: "F8_E4M3", shape: [1], start: start + 19, end: start + 20 }],
    ["none", { dtype: "float64", shape: [0, 7], start: start + 20, end: start + 20 }],
  ]);
});

Deno.test("parseSafetensorsHeader() knows each dtype by name and size", () => {
  const sizes: Record<string, [bytes: number, elements: number]> = {
    BOOL: [1, 1],
    U8: [1, 1],
    I8: [1, 1],
    F8_E5M2: [1, 1],
    F8_E4M3: [1, 1],
    F8_E8M0: [1, 1],
    F8_E4M3FNUZ: [1, 1],
    F8_E5M2FNUZ: [1, 1],
    I16: [2, 1],
    U16: [2, 1],
    F16: [2, 1],
    BF16: [2, 1],
    I32: [4, 1],
    U32: [4, 1],
    F32: [4, 1],
    C64: [8, 1],
    F64: [8, 1],
    I64: [8, 1],
    U64: [8, 1],
    F4: [1, 2],
    F6_E2M3: [3, 4],
    F6_E3M2: [3, 4],
  };
  for (const [dtype, [data, elements]] of Object.entries(sizes)) {
    assert.equal(parse(file({ a: { dtype, shape: [elements], data_offsets: [0, data] } }, { data })).tensors.size, 1);
    rejects(file({ a: { dtype, shape: [elements], data_offsets: [0, data + 1] } }, { data: data + 1 }), /expected/);
  }
  rejects(
    file({ a: { dtype: "F4", shape: [1], data_offsets: [0, 0] } }),
    /a shape of whole bytes for dtype F4 but found \[1\]/,
  );
});

Deno.test("parseSafetensorsHeader() rejects a header length of 0, 2^63, beyond 100 MB and beyond the file", () => {
  rejects(file("", { length: 0n }), 'expected the header to begin with "{" but it is empty');
  rejects(
    file("{}", { length: 2n ** 63n }),
    "expected a header of at most 100000000 bytes but its length says 9223372036854775808",
  );
  rejects(
    file("{}", { length: 100_000_001n }),
    "expected a header of at most 100000000 bytes but its length says 100000001",
  );
  rejects(
    file("{}", { length: 3n }),
    /: the file is cut, expected at least 11 bytes \(8 and a header of 3\) but found 10; /,
  );
  rejects(new TextEncoder().encode("version https://git-lfs.github.com/spec/v1\n"), /only a Git LFS pointer/);
});

Deno.test("parseSafetensorsHeader() rejects doubled keys of every level", () => {
  const text = JSON.stringify(entry);
  rejects(
    file(`{"a":${text},"a":${text}}`, { data: 16 }),
    /Expected each key once but found "a" again at line 1, column 58$/,
  );
  rejects(file(`{"a":${text.replace("}", ',"dtype":"F32"}')}}`, { data: 16 }), /found "dtype" again/);
  rejects(file('{"__metadata__":{"k":"1","k":"2"}}'), /found "k" again/);
  rejects(file('{"__metadata__":{},"__metadata__":{}}'), /found "__metadata__" again/);
});

Deno.test("parseSafetensorsHeader() rejects overlaps, holes and bytes that belong to no tensor", () => {
  const at = (from: number, to: number) => ({ dtype: "U8", shape: [to - from], data_offsets: [from, to] });
  rejects(
    file({ a: at(0, 4), b: at(3, 6) }, { data: 6 }),
    'an overlap: expected tensor "b" to begin at offset 4 but found 3',
  );
  rejects(
    file({ a: at(0, 4), b: at(5, 6) }, { data: 6 }),
    'a hole: expected tensor "b" to begin at offset 4 but found 5',
  );
  rejects(file({ a: at(1, 4) }, { data: 4 }), 'a hole: expected tensor "a" to begin at offset 0 but found 1');
  rejects(file({ a: at(0, 4) }, { data: 6 }), "expected 65 bytes but found 67, 2 of them in no tensor");
  rejects(file({ a: at(0, 4) }, { data: 3 }), /: the file is cut, expected 65 bytes but found 64; get it again$/);
  rejects(file("{}", { data: 1 }), "expected 10 bytes but found 11, 1 of them in no tensor");
});

Deno.test("parseSafetensorsHeader() rejects shapes and offsets that are no exact counts, naming tensor and value", () => {
  const of = (fields: object, data = 16) => file({ a: { ...entry, ...fields } }, { data });
  rejects(
    of({ shape: [2, 3] }),
    'tensor "a": expected 24 bytes for dtype F32 and shape [2, 3] but its offsets [0, 16] hold 16',
  );
  rejects(of({ data_offsets: [16, 0] }), 'tensor "a": expected offsets in rising order but found [16, 0]');
  rejects(of({ data_offsets: [-16, 0] }), 'tensor "a": expected two offsets from 0 to 2^53 - 1 but found [-16, 0]');
  rejects(
    of({ data_offsets: [0, 16, 16] }),
    'tensor "a": expected two offsets from 0 to 2^53 - 1 but found [0, 16, 16]',
  );
  rejects(of({ data_offsets: [0, 15.5] }), 'tensor "a": expected two offsets from 0 to 2^53 - 1 but found [0, 15.5]');
  rejects(of({ shape: [2.5] }), 'tensor "a": expected a shape of integers from 0 to 2^53 - 1 but found [2.5]');
  rejects(of({ shape: "2" }), 'tensor "a": expected a shape of integers from 0 to 2^53 - 1 but found "2"');
  rejects(
    of({ shape: [134217728, 134217728] }),
    'tensor "a": expected a shape of at most 2^53 - 1 elements but found [134217728, 134217728]',
  );
  const written = (shape: string, offsets = "[0,16]") =>
    file(`{"a":{"dtype":"F32","shape":${shape},"data_offsets":${offsets}}}`, { data: 16 });
  // As float64 these would all pass for the right values.
  for (const shape of ["[4.0]", "[4e0]", "[2, 1.9999999999999999999]"]) {
    rejects(written(shape), /expected a shape of integers/);
  }
  for (const offsets of ["[-0,16]", "[0,16.0]", "[0,1.6e1]"]) rejects(written("[4]", offsets), /expected two offsets/);
  rejects(written("[9007199254740993]", "[0, 9007199254740993]"), /found \[9007199254740993\]$/);
  rejects(written("[0, 18446744073709551616]", "[0, 0]"), /found \[0, 18446744073709551616\]$/);
});

Deno.test("parseSafetensorsHeader() rejects unknown dtypes, missing fields and metadata that are not strings", () => {
  const of = (fields: object) => file({ a: { ...entry, ...fields } }, { data: 16 });
  rejects(of({ dtype: "F33" }), /tensor "a": expected a dtype out of BOOL, .*, U64 but found "F33"$/);
  rejects(of({ dtype: "toString" }), /but found "toString"$/);
  rejects(of({ dtype: 5 }), /but found 5$/);
  rejects(of({ shape: undefined }), /expected a shape of integers from 0 to 2\^53 - 1 but found nothing$/);
  rejects(of({ data_offsets: undefined }), /expected two offsets from 0 to 2\^53 - 1 but found nothing$/);
  rejects(file({ a: null }), 'tensor "a": expected an object but found null');
  rejects(file({ a: [[[["deep"]]]] }), 'tensor "a": expected an object but found [an array]');
  rejects(file({ __metadata__: { k: 1 } }), 'expected __metadata__ "k" to be a string but found 1');
  rejects(file({ __metadata__: { k: { a: "b" } } }), 'expected __metadata__ "k" to be a string but found an object');
  rejects(file({ __metadata__: [] }), "expected __metadata__ to be an object but found []");
});

Deno.test("parseSafetensorsHeader() rejects text that is not just one JSON object in UTF-8", () => {
  rejects(file("[]"), 'expected the header to begin with "{" but found byte 91');
  rejects(file(" {}"), 'expected the header to begin with "{" but found byte 32');
  rejects(file("{}\0"), /no valid JSON: Expected the end but found "\\u0000"/);
  rejects(file("{}{}"), /no valid JSON: Expected the end/);
  const notUtf8 = file('{"?":1}');
  notUtf8[10] = 0xff;
  rejects(notUtf8, /no valid JSON: Expected UTF-8/);
  assert.equal(parse(file("{}  \n ")).tensors.size, 0);
});

Deno.test("parseSafetensorsHeader() pollutes no prototype", () => {
  rejects(file(`{"__proto__":${JSON.stringify(entry)}}`, { data: 16 }), /no key "__proto__"/);
  rejects(file('{"__metadata__":{"__proto__":"x"}}'), /no key "__proto__"/);
  const { metadata, tensors } = parse(file({ constructor: entry, __metadata__: { constructor: "x" } }, { data: 16 }));
  assert.equal(tensors.get("constructor")?.dtype, "float32");
  assert.equal(metadata.constructor, "x");
  assert.equal(metadata.toString, undefined);
});

Deno.test("parseSafetensorsHeader() escapes names in its one-line messages", () => {
  rejects(file({ "\x1b[2J\n": null }), 'tensor "\\u001b[2J\\u000a": expected an object but found null');
});
