import assert from "node:assert/strict";
import { join } from "node:path";
import { ConfigError } from "../errors.ts";
import { FakeHub } from "../tests/fake_hub.ts";
import { clientOf } from "../tests/hub_settings.ts";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import { listCache } from "./cache_contents.ts";
import { planPruning, planRemoval, remove } from "./cache_removal.ts";
import { lockPath } from "./cache_layout.ts";
import { takeLock } from "./lock.ts";
import { openCached, openRemote } from "./repository.ts";
import { claimRepository, holdRepository } from "./repository_lock.ts";

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
      await repository.settle(["a.json", "shared.json"]);
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
  "pruning takes old revisions, given up downloads and contents without a name",
  withCache(async (cache, [old]) => {
    const blobs = join(cache, "models--org--model", "blobs");
    for (const name of ["aa.incomplete", "c".repeat(40)]) await Deno.writeTextFile(join(blobs, name), "xx");
    const planned = planPruning(await listCache(cache));
    const expected = ["org/model: aa.incomplete", `org/model: ${"c".repeat(40)}`, `org/model@${old}`];
    assert.deepEqual(planned.map(({ what }) => what).sort(), expected);
    assert.deepEqual((await remove(planned, { dryRun: true })).removed, planned);
    const { removed, busy } = await remove(planned);
    assert.deepEqual(removed.reduce((sum, { bytes }) => sum + bytes, 0), 5);
    assert.deepEqual(busy, []);
    const [model] = await listCache(cache);
    assert.deepEqual(
      [model!.bytes, model!.partials.length, model!.orphans.length, model!.revisions.length],
      [8, 0, 0, 1],
    );
  }),
);

Deno.test(
  "a repository that is being fetched is left alone, whoever fetches it",
  withCache(async (cache, [old]) => {
    const place = { cacheFolder: cache, id: "org/model" };
    const take = {
      "by this program": () => holdRepository(place),
      "a blob of it, by Python": () => takeLock(lockPath(cache, "org/model", "bb")),
    };
    const planned = [
      ...planPruning(await listCache(cache)),
      ...planRemoval(await listCache(cache), ["org/model", "org/other"]),
    ];
    for (const [how, hold] of Object.entries(take)) {
      using _ = await hold();
      for (const dryRun of [true, false]) {
        const { removed, busy } = await remove(planned.slice(0, dryRun ? undefined : -1), { dryRun });
        assert.deepEqual([removed.map(({ what }) => what), busy], [dryRun ? ["org/other"] : [], ["org/model"]], how);
      }
    }
    const [model] = await listCache(cache);
    assert.deepEqual([model!.revisions.length, model!.bytes], [2, 9]);
    assert.deepEqual((await remove(planned)).removed.map(({ what }) => what), [
      `org/model@${old}`,
      "org/model",
      "org/other",
    ]);
    assert.deepEqual(await listCache(cache), []);
  }),
);

Deno.test(
  "whoever wants to fetch waits until the removal is over",
  withCache(async (cache) => {
    const place = { cacheFolder: cache, id: "org/model" };
    const claim = await claimRepository(place);
    const signal = AbortSignal.timeout(150);
    await assert.rejects(holdRepository(place, { signal }), { name: "TimeoutError" });
    claim![Symbol.dispose]();
    using _first = await holdRepository(place);
    using _second = await holdRepository(place, { signal: AbortSignal.timeout(5000) });
    assert.equal(await claimRepository(place), undefined);
  }),
);

Deno.test(
  "a revision that somebody has asked for by its commit is not pruned",
  withCache(async (cache, [old]) => {
    const repository = await openCached({ id: "org/model", revision: old! }, { cacheFolder: cache });
    await repository!.settle([]);
    assert.deepEqual(planPruning(await listCache(cache)), []);
    const [model] = await listCache(cache);
    assert.deepEqual(model!.revisions.find(({ commit }) => commit === old)!.refs, [old]);
    await remove(planRemoval([model!], [`org/model@${old}`]));
    const [left] = await listCache(cache);
    assert.equal(left!.revisions.length, 1);
    assert.deepEqual(await Array.fromAsync(Deno.readDir(join(left!.folder, "refs")), ({ name }) => name), ["main"]);
  }),
);

Deno.test(
  "a revision is not remembered as complete once a file of it was removed",
  () =>
    inTempFolder(async (folder) => {
      await using hub = new FakeHub();
      const client = clientOf(hub, folder);
      for (const revision of ["main", hub.add("org/model", { "a.json": "1", "b.json": "22" }).commit]) {
        const repository = await openRemote({ id: "org/model", revision }, { client });
        await repository.fetch(["a.json", "b.json"]);
        await Deno.remove(join(repository.folder, "a.json"));
        await assert.rejects(() => repository.settle(["a.json", "b.json"]), {
          name: "HubError",
          message: 'org/model: "a.json" was removed while the rest was fetched: fetch it again',
        });
        await repository.settle(["b.json"]);
        const [model] = await listCache(client.settings.cacheFolder);
        assert.ok(model!.revisions[0]!.refs.includes(revision));
        await Deno.remove(model!.folder, { recursive: true });
      }
    }),
);

Deno.test(
  "what is needed again since the removal was planned stays",
  withCache(async (cache, [old]) => {
    const planned = planPruning(await listCache(cache));
    await Deno.writeTextFile(join(cache, "models--org--model", "refs", "v1"), old!);
    assert.deepEqual((await remove(planned)).removed, []);
    assert.equal((await listCache(cache))[0]!.revisions.length, 2);
  }),
);
