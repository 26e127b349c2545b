import assert from "node:assert/strict";
import { join } from "node:path";
import fc from "fast-check";
import { bytesOf, type DType, sizeOf, type Tensor, tensor, tensorBytes, tensorFromBytes } from "../tensor/tensor.ts";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import { openSafetensors } from "./safetensors.ts";
import { parseSafetensorsHeader, storedNames } from "./safetensors_header.ts";
import { encodeSafetensors, writeSafetensors } from "./safetensors_writer.ts";

/** Reads an encoded file back in memory. */
function decode(bytes: Uint8Array): { metadata: Record<string, string>; tensors: Map<string, Tensor> } {
  const { metadata, tensors } = parseSafetensorsHeader(bytes, { name: "memory", size: bytes.byteLength });
  const entries = [...tensors].map(([name, { dtype, shape, start, end }]) =>
    [name, tensorFromBytes(dtype as DType, shape, bytes.subarray(start, end))] as const
  );
  return { metadata: { ...metadata }, tensors: new Map(entries) };
}

function filled(dtype: DType, shape: number[]): Tensor {
  return tensorFromBytes(dtype, shape, Uint8Array.from({ length: sizeOf(shape) * bytesOf(dtype) }, (_, i) => i % 61));
}

const dtypes = Object.keys(storedNames) as DType[];

Deno.test("encodeSafetensors() gives the bytes of the reference, sorted by alignment, then by name", () => {
  // Made by PyPI safetensors 0.8.0: save({"b": f32 [2], "a": f32 [], "n": u8 [3], "i": i64 [1], "ﬀ": f16 [1], "😀": f16 [1]}, {"k": "v\n\"é"}).
  const reference =
    "cAEAAAAAAAB7Il9fbWV0YWRhdGFfXyI6eyJrIjoidlxuXCLDqSJ9LCJpIjp7ImR0eXBlIjoiSTY0Iiwic2hhcGUiOlsxXSwiZGF0YV9vZmZzZXRzIjpbMCw4XX0sImEiOnsiZHR5cGUiOiJGMzIiLCJzaGFwZSI6W10sImRhdGFfb2Zmc2V0cyI6WzgsMTJdfSwiYiI6eyJkdHlwZSI6IkYzMiIsInNoYXBlIjpbMl0sImRhdGFfb2Zmc2V0cyI6WzEyLDIwXX0sIu+sgCI6eyJkdHlwZSI6IkYxNiIsInNoYXBlIjpbMV0sImRhdGFfb2Zmc2V0cyI6WzIwLDIyXX0sIvCfmIAiOnsiZHR5cGUiOiJGMTYiLCJzaGFwZSI6WzFdLCJkYXRhX29mZnNldHMiOlsyMiwyNF19LCJuIjp7ImR0eXBlIjoiVTgiLCJzaGFwZSI6WzNdLCJkYXRhX29mZnNldHMiOlsyNCwyN119fSAgICAgIP//////////AADgQAAAAD8AAADAADwAQAECAw==";
  const encoded = encodeSafetensors({
    n: tensor("uint8", [3], Uint8Array.of(1, 2, 3)),
    b: tensor("float32", [2], Float32Array.of(0.5, -2)),
    "😀": tensor("float16", [1], Float16Array.of(2)),
    "ﬀ": tensor("float16", [1], Float16Array.of(1)),
    a: tensor("float32", [], Float32Array.of(7)),
    i: tensor("int64", [1], BigInt64Array.of(-1n)),
  }, { k: 'v\n"é' });
  assert.equal(encoded.toBase64(), reference);
});

Deno.test("encodeSafetensors() aligns header and tensors and pads with spaces", () => {
  const bytes = encodeSafetensors(dtypes.map((dtype) => [dtype, filled(dtype, [3])] as const));
  const { tensors } = parseSafetensorsHeader(bytes, { name: "memory", size: bytes.byteLength });
  assert.equal(tensors.size, 13);
  for (const [name, { dtype, start }] of tensors) assert.equal(start % bytesOf(dtype as DType), 0, name);
  const header = new TextDecoder().decode(bytes.subarray(8, [...tensors.values()][0]!.start));
  assert.equal(header.length % 8, 0);
  assert.match(header, /^\{.*\} *$/);
});

Deno.test("encodeSafetensors() and the reader round-trip names, dtypes, shapes, bytes and metadata", () => {
  const name = fc.string({ unit: "grapheme" }).filter((text) => !text.startsWith("__") && text.isWellFormed());
  const shape = fc.array(fc.nat(4), { maxLength: 4 });
  const tensors = fc.dictionary(name, fc.tuple(fc.constantFrom(...dtypes), shape).map(([d, s]) => filled(d, s)));
  fc.assert(
    fc.property(tensors, fc.dictionary(name, name), (tensors, metadata) => {
      const read = decode(encodeSafetensors(tensors, metadata));
      assert.deepEqual(read.metadata, { ...metadata });
      assert.deepEqual([...read.tensors.keys()].sort(), Object.keys(tensors).sort());
      for (const [key, value] of Object.entries(tensors)) {
        const found = read.tensors.get(key)!;
        assert.deepEqual([found.dtype, found.shape], [value.dtype, value.shape]);
        assert.deepEqual(tensorBytes(found), tensorBytes(value));
      }
    }),
    { seed: 4, numRuns: 300 },
  );
});

Deno.test("writeSafetensors() writes the bytes of encodeSafetensors(), lazy tensors too", () =>
  inTempFolder(async (folder) => {
    const path = join(folder, "a.safetensors");
    const [weight, bias] = [filled("float32", [4, 5]), filled("bfloat16", [5])];
    const order: string[] = [];
    const lazy = (name: string, value: Tensor) => ({
      dtype: value.dtype,
      shape: value.shape,
      load() {
        order.push(name);
        return Promise.resolve(value);
      },
    });
    await writeSafetensors(path, [["bias", lazy("bias", bias)], ["weight", lazy("weight", weight)], ["c", bias]], {
      metadata: { step: "7" },
    });
    assert.deepEqual(await Deno.readFile(path), encodeSafetensors({ weight, bias, c: bias }, { step: "7" }));
    assert.deepEqual(order, ["weight", "bias"]);
    assert.deepEqual(await (await openSafetensors(path)).read("bias"), bias);
  }));

Deno.test("writeSafetensors() leaves no file behind when a lazy tensor is not what was promised", () =>
  inTempFolder(async (folder) => {
    const wrong = { dtype: "float32" as const, shape: [2], load: () => filled("float32", [3]) };
    await assert.rejects(writeSafetensors(join(folder, "a"), { x: wrong }), {
      name: "TypeError",
      message: 'Expected "x" to be float32 of 2 elements but found float32 of 3 elements',
    });
    assert.deepEqual([...Deno.readDirSync(folder)], []);
  }));

Deno.test("writeSafetensors() replaces a file only with force", () =>
  inTempFolder(async (folder) => {
    const path = join(folder, "a.safetensors");
    await writeSafetensors(path, { x: filled("int8", [1]) });
    await assert.rejects(writeSafetensors(path, {}), /it exists, use --force or another name/);
    await writeSafetensors(path, new Map([["y", filled("int8", [2])]]), { force: true });
    assert.deepEqual([...(await openSafetensors(path)).tensors.keys()], ["y"]);
  }));

Deno.test("encodeSafetensors() refuses what a reader would not give back", () => {
  const x = filled("int8", [1]);
  assert.throws(
    () => encodeSafetensors([["x", x], ["x", x]]),
    /^TypeError: Expected each tensor once but found "x" again/,
  );
  assert.throws(() => encodeSafetensors([["__metadata__", x]]), /Expected another name/);
  assert.throws(() => encodeSafetensors([["\ud800", x]]), /Expected another name/);
  assert.throws(
    () => encodeSafetensors({ x: { ...x, shape: [2] } }),
    /Expected 2 elements in "x" for shape \[2\] but found 1/,
  );
  const untyped: Record<string, never> = { steps: 7 as never };
  assert.throws(
    () => encodeSafetensors({ x }, untyped),
    /Expected metadata of well-formed strings but found "steps": "7"/,
  );
});
