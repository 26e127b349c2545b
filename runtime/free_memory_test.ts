import assert from "node:assert/strict";
import { freeInGroups, freeMemory } from "./free_memory.ts";

const reading = (files: Readonly<Record<string, string>>) => (path: string) => Promise.resolve(files[path]);

Deno.test("version 2: the tightest group up to the root counts, and files that can be dropped are free", async () => {
  const read = reading({
    "/proc/self/cgroup": "0::/user/app\n",
    "/sys/fs/cgroup/user/app/memory.max": "max\n",
    "/sys/fs/cgroup/user/app/memory.current": "100\n",
    "/sys/fs/cgroup/user/memory.max": "4000000000\n",
    "/sys/fs/cgroup/user/memory.current": "3000000000\n",
    "/sys/fs/cgroup/user/memory.stat":
      "anon 500000000\nfile 2500000000\nactive_file 1000000000\ninactive_file 1500000000\n",
    "/sys/fs/cgroup/memory.max": "9000000000\n",
    "/sys/fs/cgroup/memory.current": "3000000000\n",
  });
  assert.equal(await freeInGroups(read), 3.5e9);
});

Deno.test("version 1: the group of the memory controller counts, and a limit of all pages is none", async () => {
  const read = reading({
    "/proc/self/cgroup": "9:name=systemd:/\n4:cpu,memory:/box\n0::/\n",
    "/sys/fs/cgroup/memory/box/memory.limit_in_bytes": "2000000000\n",
    "/sys/fs/cgroup/memory/box/memory.usage_in_bytes": "1500000000\n",
    "/sys/fs/cgroup/memory/box/memory.stat":
      "active_file 1\ninactive_file 2\ntotal_active_file 300000000\ntotal_inactive_file 200000000\n",
    "/sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
    "/sys/fs/cgroup/memory/memory.usage_in_bytes": "1500000000\n",
  });
  assert.equal(await freeInGroups(read), 1e9);
});

Deno.test("a container that sees its own group as the root is limited by it", async () => {
  const read = reading({
    "/proc/self/cgroup": "0::/../../seen/from/outside\n",
    "/sys/fs/cgroup/memory.max": "1000000000",
    "/sys/fs/cgroup/memory.current": "1200000000",
  });
  assert.equal(await freeInGroups(read), 0);
});

Deno.test("nothing is limited where there are no groups, or no limits", async () => {
  assert.equal(await freeInGroups(reading({})), Infinity);
  const open = { "/proc/self/cgroup": "0::/a\nnonsense\n", "/sys/fs/cgroup/a/memory.max": "max" };
  assert.equal(await freeInGroups(reading(open)), Infinity);
});

Deno.test({
  name: "the memory that is free on this machine is some, and no more than it has",
  permissions: "inherit",
  async fn() {
    const free = await freeMemory();
    const { total, swapTotal } = Deno.systemMemoryInfo();
    assert.ok(free !== undefined && free > 0 && free <= total + swapTotal, `${free}`);
  },
});

Deno.test({
  name: "a program that may not ask gets no answer, and no question is put to the user",
  permissions: { sys: false, read: false },
  async fn() {
    assert.equal(await freeMemory(), undefined);
  },
});
