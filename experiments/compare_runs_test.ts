import assert from "node:assert/strict";
import { join } from "node:path";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import { compareRuns } from "./compare_runs.ts";
import { writeTinyRun } from "./report/_tiny_run.ts";
import { readRun } from "./run_folder.ts";

Deno.test("runs are compared pair by pair: what both have, what differs as a whole, and by how much", () =>
  inTempFolder(async (folder) => {
    const [a, b] = [join(folder, "a"), join(folder, "b")];
    await writeTinyRun(a, { steps: [1, 4] });
    await writeTinyRun(b, { steps: [4, 16], prompt: "a hat", psnr: 1.5 });
    const { differences, pairs, onlyA, onlyB, columns } = compareRuns(await readRun(a), await readRun(b));
    assert.deepEqual(differences, [{ key: "prompt", a: "a fox", b: "a hat" }]);
    assert.deepEqual([pairs, onlyA, onlyB], [4, 4, 4]);
    const psnr = columns.find(({ column }) => column.key === "psnr")!;
    assert.ok(Math.abs(psnr.difference.mean - 1.5) < 1e-9 && psnr.difference.margin! < 1e-9);
    assert.ok(Math.abs(psnr.b.mean - psnr.a.mean - 1.5) < 1e-9);
    const same = compareRuns(await readRun(a), await readRun(a));
    assert.deepEqual([same.pairs, same.equal, same.onlyA, same.differences], [8, 8, 0, []]);
  }));
