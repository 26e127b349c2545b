import assert from "node:assert/strict";
import { MemoryWatch } from "./memory.ts";

Deno.test("the peak of a process is seen from outside, its own pages apart from mapped files", {
  ignore: Deno.build.os !== "linux",
}, () => {
  const watch = new MemoryWatch(Deno.pid);
  const { peak, anonymous, file } = watch.stop()!;
  const resident = Deno.memoryUsage().rss;
  assert.ok(peak >= 0.5 * resident, `${peak} bytes at least near ${resident}`);
  assert.ok(anonymous > 0 && file > 0 && anonymous + file <= peak + 2 ** 20);
});

Deno.test("memory is unknown where there is no such process", () => {
  assert.equal(new MemoryWatch(2 ** 30).stop(), undefined);
});
