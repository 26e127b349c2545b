import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { CheckpointError, HubError, ResourceError } from "../errors.ts";
import { fakeHash, FakeHub } from "../tests/fake_hub.ts";
import { clientOf } from "../tests/hub_settings.ts";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import { unsafeNames } from "../tests/unsafe_names.ts";
import { downloadFiles } from "./download.ts";
import { listRepository } from "./listing.ts";

const id = "org/model";
const large = "prior/model.safetensors";
const weights = new Uint8Array(3_000_000).map((_, i) => (i * 7919) >>> 3);

interface Rig {
  readonly hub: FakeHub;
  readonly folder: string;
  readonly blobs: string;
  /** Downloads the large file, or other files. */
  pull(options?: { paths?: string[]; locks?: boolean; signal?: AbortSignal }): Promise<Uint8Array>;
  readonly progress: [done: number, total: number][];
}

const withRig = (test: (rig: Rig) => Promise<void>) => () =>
  inTempFolder(async (folder) => {
    await using hub = new FakeHub();
    hub.add(id, { [large]: weights, "config.json": '{"a": 1}', "empty.txt": "" });
    const client = clientOf(hub, folder);
    const progress: Rig["progress"] = [];
    await test({
      hub,
      folder,
      blobs: join(folder, "hub", "models--org--model", "blobs"),
      progress,
      async pull({ paths = [large], ...options } = {}) {
        const listing = await listRepository(client, { id, revision: "main" });
        const onProgress = ({ done, total }: { done: number; total: number }) => void progress.push([done, total]);
        const snapshot = await downloadFiles(listing, paths, { client, onProgress, ...options });
        return await Deno.readFile(join(snapshot, paths[0]!));
      },
    });
  });

const names = async (folder: string) => (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name).sort();
const ranges = ({ hub }: Rig) => hub.downloads(/safetensors/).map(({ range }) => range);
const rejects = (work: () => Promise<unknown>, type: new (message: string) => Error, message: RegExp) =>
  assert.rejects(work, (error) => {
    assert.ok(error instanceof type, String(error));
    assert.match(error.message, message);
    return true;
  });

Deno.test(
  "files lie in the cache as Python's huggingface_hub lays them",
  withRig(async (rig) => {
    await rig.pull({ paths: [large, "config.json", "empty.txt"] });
    const { hub, folder, blobs } = rig;
    const { commit, files } = hub.repositories.get(id)!;
    assert.deepEqual(await names(blobs), Object.entries(files).map(([path, bytes]) => fakeHash(path, bytes)).sort());
    const snapshot = join(blobs, "..", "snapshots", commit);
    assert.equal(
      await Deno.readLink(join(snapshot, "config.json")),
      `../../blobs/${fakeHash("config.json", files["config.json"]!)}`,
    );
    assert.equal(await Deno.readLink(join(snapshot, large)), `../../../blobs/${fakeHash(large, weights)}`);
    assert.deepEqual(await names(join(folder, "hub")), [".locks", "models--org--model"]);
    assert.deepEqual(
      await names(join(folder, "hub", ".locks", "models--org--model")),
      (await names(blobs)).map((name) => `${name}.lock`),
    );
    const asked = hub.requests.length;
    await rig.pull({ paths: [large, "config.json", "empty.txt"] });
    assert.equal(hub.requests.length, asked + 2, "a second time only the listing is asked for");
  }),
);

Deno.test(
  "a cut download is taken up where it was cut, in the same run",
  withRig(async (rig) => {
    rig.hub.fail(/cdn:/, { cut: 1_500_000 });
    assert.deepEqual(await rig.pull(), weights);
    assert.equal(ranges(rig)[0], null);
    const from = Number(/^bytes=(\d+)-$/.exec(ranges(rig)[1]!)![1]);
    assert.ok(from > 1_000_000 && from <= 1_500_000, `${from}`);
    assert.equal(createHash("sha256").update(weights).digest("hex"), (await names(rig.blobs))[0]);
    assert.deepEqual(rig.progress.at(-1), [weights.length, weights.length]);
  }),
);

Deno.test(
  "a download that failed is taken up by the next run",
  withRig(async (rig) => {
    rig.hub.fail(/cdn:/, { cut: 1_500_000 });
    rig.hub.fail(/cdn:/, { status: 503 }, { times: 20 });
    await rejects(rig.pull, HubError, /is not well \(503\)/);
    const [partial, ...others] = await names(rig.blobs);
    assert.deepEqual([partial, others], [`${fakeHash(large, weights)}.incomplete`, []]);
    const { size } = await Deno.stat(join(rig.blobs, partial!));
    assert.ok(size > 1_000_000);
    await using hub = new FakeHub();
    hub.add(id, { [large]: weights });
    const client = clientOf(hub, rig.folder);
    const listing = await listRepository(client, { id, revision: "main" });
    const snapshot = await downloadFiles(listing, [large], { client });
    assert.deepEqual(await Deno.readFile(join(snapshot, large)), weights);
    assert.deepEqual(hub.downloads().map(({ range }) => range), [`bytes=${size}-`]);
    assert.deepEqual(await names(rig.blobs), [fakeHash(large, weights)]);
  }),
);

Deno.test(
  "a file that is hashed on another thread is taken up, and refused where its bytes are wrong",
  withRig(async (rig) => {
    const path = "prior/model-00001-of-00001.safetensors";
    const huge = new Uint8Array(9 << 20).map((_, i) => (i * 7919) >>> 5);
    rig.hub.add(id, { [path]: huge });
    rig.hub.fail(/cdn:/, { cut: 5_000_000 });
    rig.hub.fail(/cdn:/, { status: 503 }, { times: 3 });
    const pull = () => rig.pull({ paths: [path] });
    await rejects(pull, HubError, /is not well \(503\)/);
    assert.deepEqual(await pull(), huge);
    assert.match(ranges(rig).at(-1)!, /^bytes=[345]\d{6}-$/);

    const other = huge.slice().reverse();
    rig.hub.add(id, { [path]: other });
    // A machine that is busy may ask again before anything has come.
    rig.hub.fail(/cdn:/, { wrong: true }, { times: 20 });
    await rejects(pull, HubError, /what came is not what the hub lists \(9437184 bytes/);
    assert.deepEqual(await names(rig.blobs), [fakeHash(path, huge)]);
  }),
);

Deno.test(
  "a stalled download is taken up again",
  withRig(async (rig) => {
    rig.hub.fail(/cdn:/, { stall: 1_200_000 });
    assert.deepEqual(await rig.pull(), weights);
    assert.equal(ranges(rig).length, 2);
  }),
);

for (
  const [what, fault] of [
    ["ignores the range (200)", { ignoreRange: true }],
    ["answers 416", { status: 416 }],
  ] as const
) {
  Deno.test(
    `a server that ${what} makes a clean restart, never a spliced file`,
    withRig(async (rig) => {
      rig.hub.fail(/cdn:/, { cut: 1_500_000 });
      rig.hub.fail(/cdn:/, fault);
      assert.deepEqual(await rig.pull(), weights);
      assert.deepEqual(rig.progress.at(-1), [weights.length, weights.length]);
    }),
  );
}

Deno.test(
  "contents that changed between two runs are fetched anew",
  withRig(async (rig) => {
    rig.hub.fail(/cdn:/, { cut: 1_500_000 });
    rig.hub.fail(/cdn:/, { status: 503 }, { times: 3 });
    await rejects(rig.pull, HubError, /503/);
    const changed = weights.map((byte) => byte ^ 255);
    rig.hub.add(id, { [large]: changed });
    assert.deepEqual(await rig.pull(), changed);
    assert.equal(ranges(rig).at(-1), null);
  }),
);

Deno.test(
  "right size and wrong bytes are an error, and nothing of them is kept",
  withRig(async (rig) => {
    rig.hub.fail(/cdn:/, { wrong: true });
    await rejects(
      rig.pull,
      HubError,
      /model\.safetensors: what came is not what the hub lists .*its hash is [0-9a-f]{64}; it was removed/,
    );
    assert.deepEqual(await names(rig.blobs), []);
    rig.hub.fail(/config/, { wrong: true });
    await rejects(() => rig.pull({ paths: ["config.json"] }), HubError, /hash is [0-9a-f]{40};/);
    assert.deepEqual(await names(rig.blobs), []);
    assert.deepEqual(await rig.pull(), weights);
  }),
);

Deno.test(
  "more bytes than are listed are an error",
  withRig(async (rig) => {
    rig.hub.fail(/cdn:/, { longer: 10 });
    await rejects(rig.pull, HubError, /more bytes came/);
    assert.deepEqual(await names(rig.blobs), []);
  }),
);

Deno.test(
  "a part that another run left damaged is fetched anew",
  withRig(async (rig) => {
    await Deno.mkdir(rig.blobs, { recursive: true });
    const partial = join(rig.blobs, `${fakeHash(large, weights)}.incomplete`);
    for (const left of [new Uint8Array(1000), new Uint8Array(weights.length), new Uint8Array(weights.length + 5)]) {
      await Deno.writeFile(partial, left);
      assert.deepEqual(await rig.pull(), weights);
      await Deno.remove(join(rig.blobs, fakeHash(large, weights)));
    }
  }),
);

Deno.test(
  "several at once share one download",
  withRig(async (rig) => {
    rig.hub.fail(/cdn:/, { slow: 5 });
    const all = await Promise.all(Array.from({ length: 8 }, () => rig.pull()));
    for (const bytes of all) assert.deepEqual(bytes, weights);
    assert.equal(rig.hub.downloads(/safetensors/).length, 1);
    assert.deepEqual(await names(rig.blobs), [fakeHash(large, weights)]);
  }),
);

Deno.test(
  "several at once without locks leave one good file",
  withRig(async (rig) => {
    const all = await Promise.all(Array.from({ length: 8 }, () => rig.pull({ locks: false })));
    for (const bytes of all) assert.deepEqual(bytes, weights);
    assert.deepEqual(await names(rig.blobs), [fakeHash(large, weights)]);
  }),
);

Deno.test(
  "unsafe names in a listing are refused, and nothing is written",
  withRig(async (rig) => {
    const entry = (path: string) => ({ type: "file", path, size: 1, oid: "0".repeat(40) });
    for (const name of unsafeNames) {
      rig.hub.listed.splice(0, 1, entry(name));
      await rejects(() => rig.pull(), CheckpointError, /could leave its folder: nothing was taken from it/);
    }
    rig.hub.listed.splice(0, 1, { ...entry("a"), oid: "../../evil" });
    await rejects(() => rig.pull(), HubError, /does not answer as a hub does/);
    assert.deepEqual(await names(rig.folder), []);
  }),
);

Deno.test(
  "a commit that leads out of the cache is refused",
  withRig(async (rig) => {
    rig.hub.repositories.get(id)!.commit = "../../../evil";
    await rejects(() => rig.pull(), HubError, /does not answer as a hub does/);
    assert.deepEqual(await names(rig.folder), []);
  }),
);

Deno.test(
  "what the disk cannot hold is refused before anything is fetched",
  withRig(async (rig) => {
    rig.hub.listed.push({
      type: "file",
      path: "huge.bin",
      size: 2 ** 52,
      oid: "0".repeat(40),
      lfs: { oid: "0".repeat(64), size: 2 ** 52 },
    });
    await rejects(
      () => rig.pull({ paths: ["config.json", "huge.bin"] }),
      ResourceError,
      /4503599627370504 bytes are to be fetched and \d+ are free in/,
    );
    assert.deepEqual(rig.hub.downloads(), []);
  }),
);

Deno.test(
  "an interruption keeps what has come",
  withRig(async (rig) => {
    rig.hub.fail(/cdn:/, { slow: 20 });
    const controller = new AbortController();
    const pulled = rig.pull({ signal: controller.signal });
    while (!rig.progress.some(([done]) => done > 0)) await new Promise((resolve) => setTimeout(resolve, 5));
    controller.abort(new DOMException("enough", "AbortError"));
    await assert.rejects(pulled, { name: "AbortError", message: "enough" });
    const [partial] = await names(rig.blobs);
    assert.ok(partial!.endsWith(".incomplete") && (await Deno.stat(join(rig.blobs, partial!))).size > 0);
  }),
);

Deno.test(
  "old partial files with a name of their own are swept, others stay",
  withRig(async (rig) => {
    await Deno.mkdir(rig.blobs, { recursive: true });
    const old = new Date(Date.now() - 25 * 3600 * 1000);
    for (const name of ["a.1234abcd.incomplete", "b.1234abcd.incomplete", "c.incomplete"]) {
      await Deno.writeTextFile(join(rig.blobs, name), "x");
      if (!name.startsWith("b")) await Deno.utime(join(rig.blobs, name), old, old);
    }
    await rig.pull({ paths: ["empty.txt"] });
    assert.deepEqual((await names(rig.blobs)).filter((name) => name.includes(".")), [
      "b.1234abcd.incomplete",
      "c.incomplete",
    ]);
  }),
);
