import assert from "node:assert/strict";
import { join } from "node:path";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import { openCheckpoint } from "./checkpoint.ts";
import { openOrMake, quantizedFile, quantizedFolder } from "./quantized_cache.ts";
import { listQuantized } from "./quantized_files.ts";
import { noteUse, readRecord, recordPath } from "./quantized_record.ts";
import { tensor } from "../tensor/tensor.ts";
import { writeSafetensors } from "./safetensors_writer.ts";

const day = 24 * 3600 * 1000;

/** A network, and what was cached of it. */
const withFile = (test: (rig: { folder: string; cache: string; file: string }) => Promise<void>) => () =>
  inTempFolder(async (root) => {
    const [folder, cache] = [join(root, "prior"), join(root, "cache")];
    await Deno.mkdir(folder);
    const tensors = new Map([["w", tensor("float32", [4], Float32Array.of(1, 2, 3, 4))]]);
    await writeSafetensors(join(folder, "model.safetensors"), tensors);
    const checkpoint = await openCheckpoint(folder, { stem: "model" });
    const file = await quantizedFile({ checkpoint, loras: [], precision: "int8", recipe: "" }, cache);
    const make = () =>
      Promise.resolve(
        new Map([["w", {
          dtype: "float32" as const,
          shape: [4],
          load: () => checkpoint.read("w"),
        }]]),
      );
    await openOrMake(file, { checkpoint, precision: "int8", make });
    await test({ folder, cache, file });
  });

Deno.test(
  "cached weights are listed with what they were made from, until that is gone",
  withFile(async ({ folder, cache, file }) => {
    const [found, ...more] = await listQuantized(cache);
    assert.deepEqual(more, []);
    const { used, bytes, ...rest } = found!;
    assert.deepEqual(rest, {
      name: file.slice(quantizedFolder(cache).length + 1).slice(0, 12),
      paths: [file, recordPath(file)],
      precision: "int8",
      folder,
      isOrphan: false,
      isPartial: false,
    });
    assert.equal(bytes, (await Deno.stat(file)).size);
    assert.ok(Math.abs(used.getTime() - Date.now()) < day);
    await Deno.remove(join(folder, "model.safetensors"));
    assert.equal((await listQuantized(cache))[0]!.isOrphan, true);
    assert.deepEqual(await listQuantized(join(cache, "nothing")), []);
  }),
);

Deno.test(
  "a use is noted once a day, and a note that is damaged or missing is none",
  withFile(async ({ folder, cache, file }) => {
    const checkpoint = await openCheckpoint(folder, { stem: "model" });
    const { used } = (await readRecord(file))!;
    const note = async (now: number) => {
      await noteUse(file, { checkpoint, precision: "int8", now });
      return (await readRecord(file))!.used;
    };
    assert.equal(await note(Date.parse(used) + day / 2), used);
    const later = Date.parse(used) + 2 * day;
    assert.equal(await note(later), new Date(later).toISOString());
    await Deno.writeTextFile(recordPath(file), "{");
    const [found] = await listQuantized(cache);
    assert.deepEqual([found!.folder, found!.isOrphan], [undefined, false]);
    assert.deepEqual(found!.used, (await Deno.stat(file)).mtime);
  }),
);
