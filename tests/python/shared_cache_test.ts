import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { listCache } from "../../hub/cache_contents.ts";
import { loadPipeline } from "../../mod.ts";
import { fetchModels } from "../../pipeline/fetch_models.ts";
import { FakeHub } from "../fake_hub.ts";
import { addHubModel, hubModel } from "../hub_model.ts";
import { clientOf } from "../hub_settings.ts";
import { inTempFolder } from "../in_temp_folder.ts";
import { quick } from "../tiny_model.ts";
import { runPython, withoutPackages } from "./python.ts";

/** What the script says. */
interface PythonCache {
  readonly snapshots: Readonly<Record<string, { folder: string; hashes: Readonly<Record<string, string>> }>>;
  readonly revisions: Readonly<Record<string, readonly { commit: string; refs: readonly string[] }[]>>;
  readonly bytes: number;
  readonly warnings: readonly string[];
}

interface Rig {
  readonly hub: FakeHub;
  readonly cacheFolder: string;
  /** What huggingface_hub has of both repositories, and thinks of the cache. */
  python(...flags: string[]): Promise<PythonCache>;
}

const ids = [hubModel.decoder, hubModel.prior];
const name = { id: hubModel.decoder, revision: "main" };
const skipped = await withoutPackages("huggingface_hub");

const withCache = (test: (rig: Rig) => Promise<void>) => () =>
  inTempFolder(async (folder) => {
    await using hub = new FakeHub();
    await addHubModel(hub);
    const env = { HF_ENDPOINT: hub.url, HF_HOME: folder, HF_HUB_DISABLE_XET: "1", HF_HUB_DISABLE_TELEMETRY: "1" };
    await test({
      hub,
      cacheFolder: join(folder, "hub"),
      python: async (...flags) => await runPython("shared_cache.py", [...flags, ...ids], { env }) as PythonCache,
    });
  });

/** Says that the cache is one that Python would have made: both repositories at `main`, nothing to warn of, the same bytes. */
async function assertClean({ revisions, warnings, bytes }: PythonCache, { hub, cacheFolder }: Rig): Promise<void> {
  assert.deepEqual(warnings, []);
  const expected = ids.map((id) => [id, [{ commit: hub.repositories.get(id)!.commit, refs: ["main"] }]]);
  assert.deepEqual(revisions, Object.fromEntries(expected));
  const listed = await listCache(cacheFolder);
  assert.deepEqual(listed.map(({ id }) => id), ids);
  assert.equal(bytes, listed.reduce((sum, repository) => sum + repository.bytes, 0));
}

Deno.test({
  name: `a model that huggingface_hub has fetched paints here without a network${skipped}`,
  ignore: skipped !== "",
  fn: withCache(async (rig) => {
    const { hub, cacheFolder, python } = rig;
    await assertClean(await python(), rig);
    const asked = hub.requests.length;
    const { settings } = clientOf(hub, "", { cacheFolder, offline: true });
    await using pipeline = await loadPipeline(hubModel.decoder, { hub: { settings } });
    const { images } = await pipeline.generate({ prompt: "a dog", seed: 3, ...quick });
    assert.equal(images.length, 1);
    assert.equal(hub.requests.length, asked);
    // Nor has it to be fetched again by who may ask.
    const downloads = hub.downloads().length;
    await fetchModels(name, { settings: { ...settings, offline: false } });
    assert.equal(hub.downloads().length, downloads);
    await assertClean(await python("--offline"), rig);
  }),
});

Deno.test({
  name: `a model that was fetched here is huggingface_hub's, without a network and with one${skipped}`,
  ignore: skipped !== "",
  fn: withCache(async (rig) => {
    const { hub, cacheFolder, python } = rig;
    const fetched = await fetchModels(name, { settings: clientOf(hub, "", { cacheFolder }).settings });
    const asked = hub.requests.length;
    const offline = await python("--offline");
    assert.equal(hub.requests.length, asked);
    await assertClean(offline, rig);
    assert.equal(fetched.length, 2);
    for (const { id, folder, needed } of fetched) {
      const { files } = hub.repositories.get(id)!;
      const hashes = needed.map((path) => [path, createHash("sha256").update(files[path]!).digest("hex")]);
      assert.deepEqual(offline.snapshots[id], { folder, hashes: Object.fromEntries(hashes) });
    }
    // The rest of the repositories is all that it has to fetch.
    const before = hub.downloads().length;
    const whole = await python();
    const come = hub.downloads().slice(before).map(({ path }) => path.replace(/\/resolve\/[0-9a-f]{40}\//, "/"));
    const rest = fetched.flatMap(({ id, needed }) =>
      Object.keys(hub.repositories.get(id)!.files).filter((path) => !needed.includes(path)).map((path) =>
        `/${id}/${path}`
      )
    );
    assert.ok(rest.length > 4);
    assert.deepEqual(come.sort(), rest.sort());
    await assertClean(whole, rig);
  }),
});
