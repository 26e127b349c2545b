import assert from "node:assert/strict";
import { join } from "node:path";
import { FakeHub } from "../tests/fake_hub.ts";
import { clientOf } from "../tests/hub_settings.ts";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import { type CachedRepository, listCache } from "./cache_contents.ts";
import { verifyRepositories } from "./cache_verification.ts";
import { openRemote } from "./repository.ts";

/** A cache with a model of a large and a small file. */
const withCache = (test: (rig: { list: () => Promise<CachedRepository[]>; snapshot: string }) => Promise<void>) => () =>
  inTempFolder(async (folder) => {
    await using hub = new FakeHub();
    const client = clientOf(hub, folder);
    const { commit } = hub.add("org/model", { "a.json": "1", "in/b.safetensors": "weights" });
    const repository = await openRemote({ id: "org/model", revision: "main" }, { client });
    await repository.fetch([...repository.paths]);
    await repository.settle([...repository.paths]);
    const { cacheFolder } = client.settings;
    const snapshot = join(cacheFolder, "models--org--model", "snapshots", commit);
    await test({ list: () => listCache(cacheFolder), snapshot });
  });

const whole = { files: 2, damaged: [], missing: [], unknown: 0 };
const paths = ["a.json", "in/b.safetensors"];

Deno.test(
  "verifying finds a bit that has changed",
  withCache(async ({ list, snapshot }) => {
    assert.deepEqual(await verifyRepositories(await list()), whole);
    for (const path of paths) {
      const real = await Deno.realPath(join(snapshot, path));
      const bytes = await Deno.readFile(real);
      bytes[0]! ^= 1;
      await Deno.writeFile(real, bytes);
    }
    const { damaged } = await verifyRepositories(await list());
    const [model] = await list();
    assert.equal(damaged.length, 2);
    for (const { id, path, expected } of damaged) {
      assert.deepEqual([id, path], ["org/model", join(model!.folder, "blobs", expected!)]);
    }
  }),
);

Deno.test(
  "verifying finds contents that are gone",
  withCache(async ({ list, snapshot }) => {
    const path = join(snapshot, "in/b.safetensors");
    await Deno.remove(await Deno.realPath(path));
    assert.deepEqual(await verifyRepositories(await list()), {
      ...whole,
      files: 1,
      missing: [{ id: "org/model", path }],
    });
  }),
);

Deno.test(
  "second names of contents are not hashed twice, copies are hashed",
  withCache(async ({ list, snapshot }) => {
    for (const path of paths) {
      const pointer = join(snapshot, path);
      const blob = await Deno.realPath(pointer);
      await Deno.remove(pointer);
      await Deno.link(blob, pointer);
    }
    assert.deepEqual(await verifyRepositories(await list()), whole);
    for (const path of paths) {
      const pointer = join(snapshot, path);
      await Deno.copyFile(pointer, `${pointer}.copy`);
      await Deno.rename(`${pointer}.copy`, pointer);
    }
    assert.deepEqual(await verifyRepositories(await list()), { ...whole, files: 4 });
    for (const path of paths) await Deno.writeTextFile(join(snapshot, path), "Weights");
    const { damaged } = await verifyRepositories(await list());
    assert.deepEqual(
      damaged.map(({ path, expected }) => [path, expected]),
      paths.map((path) => [
        join(snapshot, path),
        undefined,
      ]),
    );
  }),
);

Deno.test(
  "files that nothing says the hash of are counted apart",
  withCache(async ({ list, snapshot }) => {
    for (const path of paths) {
      const blob = await Deno.realPath(join(snapshot, path));
      await Deno.rename(blob, join(snapshot, path));
    }
    assert.deepEqual(await verifyRepositories(await list()), { ...whole, files: 0, unknown: 2 });
  }),
);
