import assert from "node:assert/strict";
import { join } from "node:path";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import { takeLock } from "./lock.ts";

/** A process that holds a lock until it is killed. */
async function holder(path: string): Promise<Deno.ChildProcess> {
  const code = `
    import { takeLock } from ${JSON.stringify(new URL("./lock.ts", import.meta.url).href)};
    globalThis.held = await takeLock(${JSON.stringify(path)});
    console.log("held");
    setInterval(() => {}, 1000);
  `;
  const config = new URL("../deno.json", import.meta.url).pathname;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "--config", config, "-"],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(code));
  await writer.close();
  const reader = child.stdout.getReader();
  assert.match(new TextDecoder().decode((await reader.read()).value), /^held/);
  await reader.cancel();
  return child;
}

Deno.test("a lock whose process was killed is taken over at once, and not before", () =>
  inTempFolder(async (folder) => {
    const path = join(folder, "locks", "blob.lock");
    const child = await holder(path);
    const waiting = Promise.withResolvers<void>();
    let taken = false;
    const lock = takeLock(path, { onWait: waiting.resolve }).then((lock) => {
      taken = true;
      return lock;
    });
    await waiting.promise;
    // Long enough for several attempts.
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.equal(taken, false);
    const killed = performance.now();
    child.kill("SIGKILL");
    using held = await lock;
    assert.ok(held.isExclusive);
    assert.ok(performance.now() - killed < 10_000);
    await child.status;
  }));

Deno.test("a lock file that another run has left holds nobody up", () =>
  inTempFolder(async (folder) => {
    const path = join(folder, "blob.lock");
    await Deno.writeTextFile(path, "4194304");
    using lock = await takeLock(path, { onWait: () => assert.fail("nobody holds it") });
    assert.ok(lock.isExclusive);
  }));

Deno.test("waiting for a lock ends with its signal", () =>
  inTempFolder(async (folder) => {
    const path = join(folder, "blob.lock");
    using _ = await takeLock(path);
    const signal = AbortSignal.timeout(50);
    await assert.rejects(takeLock(path, { signal }), { name: "TimeoutError" });
  }));
