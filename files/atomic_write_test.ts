import assert from "node:assert/strict";
import { join } from "node:path";
import { ConfigError } from "../errors.ts";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import { writeFileAtomic } from "./atomic_write.ts";

const bytes = Uint8Array.of(1, 2, 3, 4, 5);

function names(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
}

Deno.test("writeFileAtomic() writes an array, an iterable and an async iterable, and leaves no other file", () =>
  inTempFolder(async (folder) => {
    await writeFileAtomic(join(folder, "array"), bytes);
    await writeFileAtomic(join(folder, "iterable"), [bytes.subarray(0, 2), new Uint8Array(0), bytes.subarray(2)]);
    async function* chunks() {
      yield bytes.subarray(0, 4);
      await Promise.resolve();
      yield bytes.subarray(4);
    }
    await writeFileAtomic(join(folder, "async"), chunks());
    for (const name of ["array", "iterable", "async"]) {
      assert.deepEqual(await Deno.readFile(join(folder, name)), bytes, name);
    }
    assert.deepEqual(names(folder), ["array", "async", "iterable"]);
  }));

Deno.test("writeFileAtomic() writes a name of 255 bytes", () =>
  inTempFolder(async (folder) => {
    const path = join(folder, "n".repeat(255));
    await writeFileAtomic(path, bytes);
    assert.deepEqual(await Deno.readFile(path), bytes);
    await assert.rejects(writeFileAtomic(`${path}n`, bytes), ConfigError);
  }));

Deno.test("writeFileAtomic() leaves an existing file alone unless force is set", () =>
  inTempFolder(async (folder) => {
    const path = join(folder, "out");
    await Deno.writeTextFile(path, "old");
    await assert.rejects(writeFileAtomic(path, bytes), (error: Error) => {
      assert(error instanceof ConfigError);
      assert.equal(error.message, `Cannot write ${path}: it exists, use --force or another name`);
      return true;
    });
    assert.equal(await Deno.readTextFile(path), "old");
    await writeFileAtomic(path, bytes, { force: true });
    assert.deepEqual(await Deno.readFile(path), bytes);
    assert.deepEqual(names(folder), ["out"]);
  }));

Deno.test("writeFileAtomic() does not replace a file that appears while it writes", () =>
  inTempFolder(async (folder) => {
    const path = join(folder, "out");
    async function* chunks() {
      yield bytes;
      await Deno.writeTextFile(path, "faster");
    }
    await assert.rejects(writeFileAtomic(path, chunks()), ConfigError);
    assert.equal(await Deno.readTextFile(path), "faster");
    assert.deepEqual(names(folder), ["out"]);
  }));

Deno.test("writeFileAtomic() lets exactly one of ten writers of a new path succeed", () =>
  inTempFolder(async (folder) => {
    const path = join(folder, "out");
    const runs = Array.from({ length: 10 }, (_, i) => writeFileAtomic(path, new Uint8Array(1000).fill(i)));
    const results = await Promise.allSettled(runs);
    const winners = results.flatMap(({ status }, i) => status === "fulfilled" ? [i] : []);
    assert.equal(winners.length, 1);
    assert.deepEqual(await Deno.readFile(path), new Uint8Array(1000).fill(winners[0]!));
    assert.deepEqual(names(folder), ["out"]);
  }));

Deno.test("writeFileAtomic() removes its temporary file and keeps the old one when the data fail", () =>
  inTempFolder(async (folder) => {
    const path = join(folder, "out");
    await Deno.writeTextFile(path, "old");
    // deno-lint-ignore require-yield -- it fails before it yields
    async function* broken() {
      await Promise.resolve();
      throw new RangeError("broken source");
    }
    await assert.rejects(writeFileAtomic(path, broken(), { force: true }), { name: "RangeError" });
    assert.equal(await Deno.readTextFile(path), "old");
    assert.deepEqual(names(folder), ["out"]);
  }));

Deno.test("writeFileAtomic() with force writes through a link and refuses what is no regular file", () =>
  inTempFolder(async (folder) => {
    const [file, link] = [join(folder, "file"), join(folder, "link")];
    await Deno.writeTextFile(file, "old");
    await Deno.symlink(file, link);
    await writeFileAtomic(link, bytes, { force: true });
    assert.deepEqual(await Deno.readFile(file), bytes);
    assert((await Deno.lstat(link)).isSymlink);
    await assert.rejects(writeFileAtomic("/dev/null", bytes, { force: true }), /it is not a regular file/);
    await assert.rejects(writeFileAtomic(folder, bytes, { force: true }), /it is a folder, add a file name/);
    await assert.rejects(writeFileAtomic(`${folder}/`, bytes), ConfigError);
  }));

Deno.test("writeFileAtomic() names the folder that is missing", () =>
  inTempFolder(async (folder) => {
    const path = join(folder, "no", "out");
    await assert.rejects(writeFileAtomic(path, bytes), {
      name: "ConfigError",
      message: `Cannot write ${path}: there is no folder ${join(folder, "no")}, make it first`,
    });
    await Deno.writeTextFile(join(folder, "no"), "a file");
    await assert.rejects(writeFileAtomic(path, bytes), ConfigError);
  }));

Deno.test({
  name: "writeFileAtomic() names the read-only folder",
  ignore: Deno.build.os === "windows" || Deno.uid() === 0, // root may write everywhere
  fn: () =>
    inTempFolder(async (folder) => {
      await Deno.chmod(folder, 0o555);
      const path = join(folder, "out");
      await assert.rejects(writeFileAtomic(path, bytes), {
        name: "PermissionDenied",
        message: `Cannot write ${path}: the folder ${folder} is read-only, choose another`,
      });
      await Deno.chmod(folder, 0o755);
    }),
});

/** Runs `writeFileAtomic()` on `size` bytes under limits that the shell command `setup` sets; returns what it says and leaves. */
async function writeUnder(setup: string, { folder, size, wrapper = [] }: {
  folder: string;
  size: number;
  wrapper?: string[];
}): Promise<string> {
  const script = `import { writeFileAtomic } from "${new URL("./atomic_write.ts", import.meta.url)}";
    await writeFileAtomic("${folder}/out", new Uint8Array(${size}))
      .catch(({ name, message }) => console.log(name + ": " + message));
    console.log([...Deno.readDirSync("${folder}")].map(({ name }) => name).join());`;
  const run = [Deno.execPath(), "run", "--no-lock", "-A", `data:text/javascript,${encodeURIComponent(script)}`];
  const [command, ...args] = [...wrapper, "sh", "-c", `${setup} && exec "$@"`, "sh", ...run];
  const { stdout, stderr } = await new Deno.Command(command!, { args }).output();
  return new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
}

Deno.test({
  name: "writeFileAtomic() says how much is needed and free where the size of files is limited",
  ignore: Deno.build.os === "windows",
  fn: () =>
    inTempFolder(async (folder) => {
      // The signal of a passed limit is ignored, so that the write fails in its place.
      const said = await writeUnder("trap '' XFSZ && ulimit -f 1", { folder, size: 100_000 });
      assert.match(
        said,
        /^ResourceError: .*out: it would pass the file size .*\(100000 bytes needed, \d+ free\).*\n\n$/,
      );
    }),
});

const mount = "mount -t tmpfs -o size=64k tmpfs";
const mayMount = Deno.build.os === "linux" &&
  new Deno.Command("sh", { args: ["-c", `unshare -rm ${mount} /mnt`], stderr: "null" }).outputSync().success;

Deno.test({
  name: "writeFileAtomic() says how much is needed and free on a full disk, and leaves nothing there",
  ignore: !mayMount,
  fn: () =>
    inTempFolder(async (folder) => {
      const wrapper = ["unshare", "-rm"];
      const said = await writeUnder(`${mount} ${folder}`, { folder, size: 100_000, wrapper });
      assert.match(said, /^ResourceError: .*out: the disk is full \(100000 bytes needed, 65536 free\).*\n\n$/);
      assert.equal(await writeUnder(`${mount} ${folder}`, { folder, size: 60_000, wrapper }), "out\n");
    }),
});

Deno.test({
  name: "writeFileAtomic() names the flags that are missing",
  permissions: { read: true, write: false },
  async fn() {
    const path = join(Deno.cwd(), "out");
    await assert.rejects(writeFileAtomic(path, bytes), {
      name: "NotCapable",
      message: `Cannot write ${path}: run with --allow-read=${Deno.cwd()} --allow-write=${Deno.cwd()}`,
    });
  },
});
