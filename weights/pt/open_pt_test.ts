import assert from "node:assert/strict";
import { join } from "node:path";
import { CheckpointError } from "../../errors.ts";
import { inTempFolder } from "../../tests/in_temp_folder.ts";
import { buildZip } from "../../tests/pt/build_zip.ts";
import { readFixtureTensors } from "../../tests/read_fixture.ts";
import { openCheckpoint, openRawCheckpoint } from "../checkpoint.ts";
import { isPt, openPt } from "./open_pt.ts";

const folder = new URL("../../tests/fixtures/checkpoints/", import.meta.url).pathname;
const stem = "model";

const utf8 = (text: string) => new TextEncoder().encode(text);
/** `{}` of protocol 2. */
const empty = Uint8Array.of(0x80, 2, 0x7d, 0x2e);

async function inFile(bytes: Uint8Array, test: (path: string) => Promise<void>): Promise<void> {
  await inTempFolder(async (folder) => {
    const path = join(folder, "x.pt");
    await Deno.writeFile(path, bytes);
    await test(path);
  });
}

Deno.test("views of shared storages, transposed, scalar, empty and of all kinds, are what torch says", async () => {
  const expected = readFixtureTensors("../checkpoints/views.safetensors");
  const { tensors, read, bytes } = await openRawCheckpoint(`${folder}views.pt`, { stem });
  assert.deepEqual([...tensors.keys()].sort(), Object.keys(expected).sort());
  for (const [key, wanted] of Object.entries(expected)) assert.deepEqual(await read(key), wanted, key);
  assert.deepEqual(tensors.get("transposed")?.strides, [1, 6]);
  assert.equal(tensors.get("base")?.strides, undefined);
  assert.equal(bytes, Object.values(expected).reduce((sum, { data }) => sum + data.byteLength, 0));
});

Deno.test("the numbers of a .pt file stay where they are, each tensor aligned to its elements", async () => {
  const path = `${folder}stage_a_vqgan.pt`;
  const { tensors, read, files } = await openRawCheckpoint(path, { stem });
  const whole = await Deno.readFile(path);
  assert.deepEqual(files, [await Deno.realPath(path)]);
  for (const [key, { start, length }] of tensors) {
    const { data } = await read(key);
    assert.deepEqual(
      new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
      whole.subarray(start, start + length),
    );
    assert.equal(start % 64, 0, key);
  }
});

for (const name of ["malicious", "malicious_mixed"]) {
  Deno.test({
    name: `${name}.pt is refused and its payload never runs`,
    // With nothing but leave to read, a payload that ran would fail with another error.
    permissions: { read: true },
    async fn() {
      for (const open of [() => openPt(`${folder}${name}.pt`), () => openCheckpoint(`${folder}${name}.pt`, { stem })]) {
        await assert.rejects(open, (error) => {
          assert(error instanceof CheckpointError, `${error}`);
          assert.match(error.message, /names the Python object "io\.open".*nothing of it was run/);
          return true;
        });
      }
      for (const place of ["PWNED", `${folder}PWNED`]) {
        await assert.rejects(Deno.stat(place), Deno.errors.NotFound);
      }
    },
  });
}

Deno.test("the form of PyTorch before 1.6 is refused by name", async () => {
  const path = `${folder}stage_a_vqgan.legacy_format.pt`;
  assert(isPt((await Deno.readFile(path)).subarray(0, 16)));
  await assert.rejects(openPt(path), {
    name: "CheckpointError",
    message:
      `${path}: it has the form of PyTorch before 1.6, which is not read; save it again with a newer one, or as safetensors`,
  });
});

Deno.test("openPt() refuses zips that torch.save did not write", async () => {
  const cases: readonly (readonly [readonly { name: string; data: Uint8Array }[], RegExp])[] = [
    [[{ name: "a.txt", data: empty }], /expected one NAME\/data\.pkl but found none/],
    [
      [{ name: "a/data.pkl", data: empty }, { name: "b/data.pkl", data: empty }],
      /but found "a\/data\.pkl", "b\/data\.pkl"/,
    ],
    [
      [{ name: "a/data.pkl", data: empty }, { name: "a/code/m.py", data: empty }],
      /"a\/code\/m\.py"; a TorchScript file/,
    ],
    [[{ name: "a/data.pkl", data: empty }, { name: "a/../../x", data: empty }], /has the entries "a\/\.\.\/\.\.\/x"/],
    [
      [{ name: "a/data.pkl", data: empty }, { name: "a/byteorder", data: utf8("big") }],
      /byte order "little" but found "big"/,
    ],
  ];
  for (const [entries, message] of cases) {
    await inFile(buildZip(entries), (path) => assert.rejects(openPt(path), { name: "CheckpointError", message }));
  }
});

Deno.test("openPt() checks the description's CRC and its size", async () => {
  const bytes = buildZip([{ name: "a/data.pkl", data: empty }]);
  bytes[bytes.indexOf(0x7d)] = 0x5d;
  await inFile(bytes, (path) => assert.rejects(openPt(path), /its description of the tensors is damaged/));
  const large = buildZip([{ name: "a/data.pkl", data: new Uint8Array(1 << 26) }]);
  await inFile(large, (path) => assert.rejects(openPt(path), /at most 33554432 bytes but found 67108864/));
});

Deno.test("a tensor whose storage is missing or of another size is an error that names it", async () => {
  const source = await Deno.readFile(`${folder}views.pt`);
  const text = new TextDecoder("latin1").decode(source);
  const missing = source.slice();
  for (let at = text.indexOf("views/data/3"); at >= 0; at = text.indexOf("views/data/3", at + 1)) {
    missing[at + 11] = 0x39;
  }
  await inFile(missing, (path) => assert.rejects(openCheckpoint(path, { stem }), /there is no storage "3"/));
});

Deno.test("no damaged .pt file gives another error than ours, nor takes more memory than its size", async () => {
  const source = await Deno.readFile(`${folder}views.pt`);
  let refused = 0;
  await inFile(source, async (path) => {
    let state = 7;
    const below = (bound: number) => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return Math.floor(state / 2 ** 32 * bound);
    };
    for (let i = 0; i < 1500; i++) {
      const bytes = i % 5 === 0 ? source.slice(0, below(source.length)) : source.slice();
      for (let edits = i % 5 === 0 ? 0 : 1 + below(4); edits > 0; edits--) bytes[below(bytes.length)] = below(256);
      await Deno.writeFile(path, bytes);
      try {
        const { tensors, read } = await openCheckpoint(path, { stem });
        for (const key of tensors.keys()) await read(key);
      } catch (error) {
        if (!(error instanceof CheckpointError) || error.message.includes("\n")) throw error;
        refused++;
      }
    }
  });
  assert(refused > 500 && refused < 1500, `${refused}`);
});
