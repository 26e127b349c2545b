import assert from "node:assert/strict";
import { join } from "node:path";
import { CheckpointError, ConfigError } from "../errors.ts";
import { tarBlock, tarEnd, tarHeader, tarPadding } from "../files/tar.ts";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import { describeFiles, openBundle, writeBundle } from "./bundle.ts";
import { listCache } from "./cache_contents.ts";
import { verifyRepositories } from "./cache_verification.ts";

const commit = "1".repeat(40);
const weights = new Uint8Array(2_500_000).map((_, i) => i * 31 >>> 2);

const withBundle = (test: (rig: { folder: string; bundle: string; cacheFolder: string }) => Promise<void>) => () =>
  inTempFolder(async (folder) => {
    const source = join(folder, "source");
    await Deno.mkdir(join(source, "prior"), { recursive: true });
    await Deno.writeTextFile(join(source, "a.json"), "{}");
    await Deno.writeFile(join(source, "prior", "w.safetensors"), weights);
    const files = await describeFiles(source, ["a.json", "prior/w.safetensors"]);
    const [bundle, cacheFolder] = [join(folder, "model.tar"), join(folder, "cache")];
    const other = { id: "org/prior", revision: "main", commit, folder: source, files: files.slice(0, 1) };
    await writeBundle(bundle, [{ id: "org/model", revision: "main", commit, folder: source, files }, other]);
    await test({ folder, bundle, cacheFolder });
  });

const refuses = (work: () => Promise<unknown>, message: RegExp) =>
  assert.rejects(work, (error) => {
    assert.ok(error instanceof CheckpointError, String(error));
    assert.match(error.message, message);
    return true;
  });

Deno.test(
  "a bundle gives back what went in, through the cache",
  withBundle(async ({ bundle, cacheFolder }) => {
    const { repositories: [model, prior] } = await openBundle(bundle, { cacheFolder });
    assert.deepEqual(await Deno.readFile(join(model!.folder, "prior", "w.safetensors")), weights);
    assert.equal(await Deno.readTextFile(join(prior!.folder, "a.json")), "{}");
    const cache = await listCache(cacheFolder);
    assert.deepEqual(cache.map(({ id, revisions }) => [id, revisions[0]!.refs]), [["org/model", ["main"]], [
      "org/prior",
      ["main"],
    ]]);
    assert.deepEqual((await verifyRepositories(cache)).damaged, []);
    // Once it is there, only the manifest is read.
    await Deno.truncate(bundle, 4096);
    await openBundle(bundle, { cacheFolder });
  }),
);

Deno.test(
  "any tar takes a bundle apart",
  withBundle(async ({ bundle, folder }) => {
    const out = join(folder, "out");
    await Deno.mkdir(out);
    const { code } = await new Deno.Command("tar", { args: ["-xf", bundle, "-C", out] }).output();
    assert.equal(code, 0);
    const manifest = JSON.parse(await Deno.readTextFile(join(out, "bundle.json")));
    const { hash } = manifest.repositories[0].files[1];
    assert.deepEqual(await Deno.readFile(join(out, "blobs", hash)), weights);
  }),
);

Deno.test(
  "contents begin at multiples of 512 bytes",
  withBundle(async ({ bundle }) => {
    const bytes = await Deno.readFile(bundle);
    const needle = weights.subarray(0, 64).toString();
    let found = -1;
    for (let at = 0; at < 20 * tarBlock && found < 0; at += tarBlock) {
      if (bytes.subarray(at, at + 64).toString() === needle) found = at;
    }
    assert.ok(found > 0);
    assert.equal(bytes.byteLength % tarBlock, 0);
  }),
);

Deno.test(
  "a bundle that is cut or damaged is refused, and nothing of the damaged file is kept",
  withBundle(async (rig) => {
    const { bundle, cacheFolder } = rig;
    const bytes = await Deno.readFile(bundle);
    for (const part of [0.001, 0.5, 0.9]) {
      await Deno.writeFile(bundle, bytes.subarray(0, Math.floor(bytes.byteLength * part)));
      await refuses(
        () => openBundle(bundle, { cacheFolder }),
        /Expected a bundle|the file is cut|is cut: get it again/,
      );
    }
    const changed = bytes.slice();
    changed[bytes.byteLength - 10_000]! ^= 1;
    await Deno.writeFile(bundle, changed);
    await refuses(
      () => openBundle(bundle, { cacheFolder }),
      /blobs\/[0-9a-f]{64} is not what the bundle says, it is damaged/,
    );
    const blobs = await Array.fromAsync(Deno.readDir(join(cacheFolder, "models--org--model", "blobs")));
    assert.ok(blobs.every(({ name }) => !name.includes(".incomplete")));
  }),
);

Deno.test("a bundle whose manifest names a file outside, or an odd repository, is refused", () =>
  inTempFolder(async (folder) => {
    const bundle = join(folder, "evil.tar");
    const good = { id: "org/model", revision: "main", commit, files: [{ path: "a", size: 2, hash: "0".repeat(64) }] };
    for (
      const [change, message] of [
        [
          { files: [{ path: "../../evil", size: 2, hash: "0".repeat(64) }] },
          /"\.\.\/\.\.\/evil", which could leave its folder/,
        ],
        [{ id: "../evil" }, /Expected a bundle/],
        [{ commit: "../evil" }, /Expected a bundle/],
        [{ revision: "../evil" }, /Expected a branch, a tag or a commit/],
        [{ files: [{ path: "a", size: 2, hash: "../evil" }] }, /Expected a bundle/],
        [{}, /the bundle lacks blobs\/0{64}/],
      ] as const
    ) {
      const manifest = { format: "wuerstchen-bundle", version: 1, repositories: [{ ...good, ...change }] };
      const bytes = new TextEncoder().encode(JSON.stringify(manifest));
      const parts = [
        tarHeader("bundle.json", bytes.byteLength),
        bytes,
        new Uint8Array(tarPadding(bytes.byteLength)),
        tarEnd,
      ];
      await Deno.writeFile(bundle, new Blob(parts as BlobPart[]).stream());
      await refuses(() => openBundle(bundle, { cacheFolder: join(folder, "cache") }), message);
    }
    assert.deepEqual((await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name).sort(), [
      "cache",
      "evil.tar",
    ]);
  }));

Deno.test(
  "a file that exists is kept without force",
  withBundle(async ({ bundle }) => {
    await assert.rejects(() => writeBundle(bundle, []), ConfigError);
  }),
);
