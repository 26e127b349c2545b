import assert from "node:assert/strict";
import { ConfigError } from "../../errors.ts";
import { inTempFolder } from "../../tests/in_temp_folder.ts";
import { assignBuckets } from "./assign_buckets.ts";
import { type Batch, Loader, type LoaderOptions } from "./loader.ts";
import { openSource, type Source } from "./source.ts";
import { plainPng, writeFiles } from "./_test_files.ts";

/** A folder of `count` pictures of several sizes and colours, with captions. */
async function withPictures(count: number, test: (source: Source, folder: string) => Promise<void>): Promise<void> {
  await inTempFolder(async (folder) => {
    const files = Object.fromEntries(
      Array.from({ length: count }, (_, i) => [
        [`${i}.png`, plainPng(4 + i % 3, 4 + i % 2, { colour: [i, 2 * i, 255, 100] })],
        [`${i}.txt`, `picture ${i}`],
      ]).flat() as [string, string | Uint8Array][],
    );
    await writeFiles(folder, files);
    await test(await openSource(folder), folder);
  });
}

function options(source: Source, more: Partial<LoaderOptions> = {}): LoaderOptions {
  return {
    source,
    batch: 3,
    size: { width: 4, height: 4 },
    transform: { channels: 3, crop: "random", flip: true },
    backgrounds: {},
    seed: 5,
    workers: 0,
    ...more,
  };
}

async function take(loader: Loader, count: number): Promise<Batch[]> {
  const batches: Batch[] = [];
  for (let i = 0; i < count; i++) batches.push(await loader.next());
  return batches;
}

Deno.test("batches are the same whatever the number of workers", async () => {
  await withPictures(10, async (source) => {
    using alone = new Loader(options(source));
    const expected = await take(alone, 8);
    assert.deepEqual(expected[0]!.images.shape, [3, 3, 4, 4]);
    assert.equal(new Set(expected.slice(0, 3).flatMap(({ ids }) => ids)).size, 9);
    for (const workers of [1, 3]) {
      using loader = new Loader(options(source, { workers, prefetch: 4 }));
      assert.deepEqual(await take(loader, 8), expected);
    }
  });
});

Deno.test("a loader that resumes goes on with the very batches of the one that was stopped", async () => {
  await withPictures(7, async (source) => {
    using whole = new Loader(options(source, { workers: 1 }));
    await take(whole, 5);
    // What is prepared ahead does not count as seen.
    const state = JSON.parse(JSON.stringify(whole.state));
    assert.deepEqual(state, { epoch: 2, position: 1 });
    using resumed = new Loader(options(source, { state }));
    assert.deepEqual(await take(resumed, 4), await take(whole, 4));
  });
});

Deno.test("unreadable pictures are counted and named once, and do not stop the run", async () => {
  await withPictures(6, async (_, folder) => {
    await writeFiles(folder, { "empty.png": "", "damaged.jpg": plainPng(3, 3).slice(0, 60) });
    const source = await openSource(folder);
    using loader = new Loader(options(source, { batch: 2, workers: 1 }));
    const batches = await take(loader, 12);
    assert.ok(
      batches.every(({ ids }) => ids.length === 2 && !ids.includes("empty.png") && !ids.includes("damaged.jpg")),
    );
    assert.deepEqual(loader.unreadable.map(({ id }) => id).sort(), ["damaged.jpg", "empty.png"]);
    using again = new Loader(options(source, { batch: 2 }));
    assert.deepEqual(await take(again, 12), batches);
  });
});

Deno.test("a batch without a readable picture is passed over; a data set without one is an error", async () => {
  await withPictures(1, async (_, folder) => {
    await writeFiles(folder, { "bad.png": "" });
    const source = await openSource(folder);
    using loader = new Loader(options(source, { batch: 1, shuffle: false }));
    const batches = await take(loader, 3);
    assert.deepEqual(batches.map(({ places }) => places[0]!.epoch), [0, 1, 2]);
    await Deno.writeFile(`${folder}/0.png`, new Uint8Array());
    using nothing = new Loader(options(source, { batch: 1 }));
    await assert.rejects(nothing.next(), /no picture can be read; the last was .*: the file is empty/);
  });
});

Deno.test("with aspect buckets every batch has the size of its bucket", async () => {
  await inTempFolder(async (folder) => {
    const sizes = [[8, 8], [16, 8], [8, 16], [9, 8], [30, 16], [8, 15]] as const;
    await writeFiles(folder, Object.fromEntries(sizes.map(([w, h], i) => [`${i}.png`, plainPng(w, h)])));
    const source = await openSource(folder);
    const size = await assignBuckets(source, { area: 64, multiple: 2, ratios: [1, 2, 1 / 2] });
    assert.deepEqual([...size.groups], [0, 1, 2, 0, 1, 2]);
    using loader = new Loader(options(source, { size, batch: 2 }));
    const shapes = new Set<string>();
    for (const { images, ids } of await take(loader, 3)) {
      shapes.add(images.shape.join());
      assert.equal(Number(ids[0]![0]) % 3, Number(ids[1]![0]) % 3);
    }
    assert.deepEqual([...shapes].sort(), ["2,3,10,4", "2,3,4,10", "2,3,8,8"]);
  });
});

Deno.test("batches are loaded while the main thread is busy", async () => {
  await withPictures(8, async (source, folder) => {
    using loader = new Loader(options(source, { workers: 1, prefetch: 3 }));
    await loader.next();
    // The main thread computes and lets nothing else run, as ONNX Runtime does.
    const end = performance.now() + 800;
    while (performance.now() < end);
    Deno.removeSync(folder, { recursive: true });
    await take(loader, 3);
    assert.deepEqual(loader.unreadable, []);
    await Deno.mkdir(folder);
  });
});

Deno.test("a job that is impossible fails with its class, in a worker too", async () => {
  await withPictures(2, async (source) => {
    for (const workers of [0, 1]) {
      using loader = new Loader(options(source, { workers, backgrounds: { colours: {} } }));
      await assert.rejects(loader.next(), ConfigError);
    }
    assert.throws(() => new Loader(options(source, { prefetch: 0 })), RangeError);
  });
});

Deno.test("a loader that is closed lets nobody wait", async () => {
  await withPictures(4, async (source) => {
    const loader = new Loader(options(source, { workers: 1 }));
    const waiting = assert.rejects(loader.next(), /The loader is closed/);
    loader[Symbol.dispose]();
    await waiting;
  });
});
