import assert from "node:assert/strict";
import { join } from "node:path";
import { ConfigError } from "../errors.ts";
import { FakeHub } from "../tests/fake_hub.ts";
import { clientOf } from "../tests/hub_settings.ts";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import { listCache, verifyRepositories } from "./cache_contents.ts";
import { planPruning, planRemoval, remove } from "./cache_removal.ts";
import { lockPath } from "./cache_layout.ts";
import { takeLock } from "./lock.ts";
import { openRemote } from "./repository.ts";

/** A cache with two commits of one model, which share a file, and one of another; without the first commit's branch. */
const withCache = (test: (cache: string, commits: string[]) => Promise<void>) => () =>
  inTempFolder(async (folder) => {
    await using hub = new FakeHub();
    const client = clientOf(hub, folder);
    const commits: string[] = [];
    for (const [id, a] of [["org/model", "1"], ["org/model", "22"], ["org/other", "1"]] as const) {
      commits.push(hub.add(id, { "a.json": a, "shared.json": "123456" }).commit);
      const repository = await openRemote({ id, revision: "main" }, { client });
      await repository.fetch(["a.json", "shared.json"]);
      await repository.settle();
    }
    await test(join(folder, "hub"), commits);
  });

Deno.test(
  "listCache() knows commits, branches and sizes",
  withCache(async (cache, [old, now]) => {
    const [model, other] = await listCache(cache);
    assert.deepEqual([model!.id, model!.bytes, other!.id, other!.bytes], ["org/model", 9, "org/other", 7]);
    const shown = model!.revisions.map(({ commit, refs, files, bytes }) => [commit, refs, files, bytes]);
    assert.deepEqual(shown.sort(), [[old, [], 2, 7], [now, ["main"], 2, 8]].sort());
    assert.deepEqual(await listCache(join(cache, "nothing")), []);
  }),
);

Deno.test(
  "a revision is removed without what others share",
  withCache(async (cache, [, now]) => {
    const [removal] = planRemoval(await listCache(cache), [`org/model@${now!.slice(0, 8)}`]);
    assert.deepEqual([removal!.what, removal!.bytes], [`org/model@${now}`, 2]);
    await remove([removal!]);
    const [model] = await listCache(cache);
    assert.deepEqual([model!.bytes, model!.revisions.length, model!.revisions[0]!.refs], [7, 1, []]);
    for (const name of ["org/none", "org/model@none", "../x"]) {
      assert.throws(() => planRemoval([model!], [name]), ConfigError, name);
    }
  }),
);

Deno.test(
  "pruning takes old revisions, given up downloads and contents without a name, and no download that goes on",
  withCache(async (cache, [old]) => {
    const blobs = join(cache, "models--org--model", "blobs");
    for (const name of ["aa.incomplete", "bb.incomplete", "c".repeat(40)]) {
      await Deno.writeTextFile(join(blobs, name), "xx");
    }
    using _lock = await takeLock(lockPath(cache, "org/model", "bb"));
    const planned = planPruning(await listCache(cache));
    assert.deepEqual(
      planned.map(({ what }) => what).sort(),
      [
        "org/model: aa.incomplete",
        "org/model: bb.incomplete",
        `org/model: ${"c".repeat(40)}`,
        `org/model@${old}`,
      ],
    );
    const removed = await remove(planned);
    assert.deepEqual(removed.reduce((sum, { bytes }) => sum + bytes, 0), 5);
    const [model] = await listCache(cache);
    assert.deepEqual([model!.bytes, model!.partials.length, model!.orphans.length, model!.revisions.length], [
      10,
      1,
      0,
      1,
    ]);
  }),
);

Deno.test(
  "verifying finds a bit that has changed",
  withCache(async (cache) => {
    assert.deepEqual(await verifyRepositories(await listCache(cache)), { files: 5, damaged: [] });
    const [model] = await listCache(cache);
    const path = model!.revisions[0]!.blobs[0]!;
    const bytes = await Deno.readFile(path);
    bytes[0]! ^= 1;
    await Deno.writeFile(path, bytes);
    const { damaged } = await verifyRepositories(await listCache(cache));
    assert.deepEqual(damaged.map((file) => [file.id, file.path]), [[
      "org/model",
      join(model!.folder, "blobs", damaged[0]!.expected),
    ]]);
  }),
);
