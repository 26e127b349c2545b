/** The compiled program alone: `deno task test:binary` makes one and names it in `WUERSTCHEN_BINARY`. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { binary } from "./command_line.ts";
import { inTempFolder } from "./in_temp_folder.ts";

interface Settings {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly program?: string;
  readonly wrapper?: readonly string[];
}

/** Runs the program with nothing of the environment but a home. */
async function run(
  args: readonly string[],
  { cwd, env = {}, program = binary!, wrapper = [] }: Settings,
): Promise<{ code: number; out: string; err: string }> {
  const [command, ...rest] = [...wrapper, program, ...args];
  const { code, stdout, stderr } = await new Deno.Command(command!, {
    args: rest,
    cwd,
    clearEnv: true,
    env: { HOME: join(cwd, "home"), PATH: "/usr/bin:/bin", ...env },
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  return { code, out: decoder.decode(stdout), err: decoder.decode(stderr) };
}

/** Where a program keeps what it unpacks. */
async function unpacked(home: string): Promise<{ library: string; model: string }> {
  const folder = join(home, ".cache", "wuerstchen", "program");
  const names = (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name).sort();
  assert.match(names.join(" "), /^models-emoji-[0-9a-f]{16} onnxruntime-[0-9a-f]{16}$/);
  return { model: join(folder, names[0]!), library: join(folder, names[1]!) };
}

const paint = ["generate", "a red apple", "-s", "1", "--steps", "1", "--decoder-steps", "1", "-q", "-o"];

function test(name: string, fn: (cwd: string) => Promise<void>, { ignore = false } = {}): void {
  Deno.test({ name, ignore: ignore || binary === undefined, fn: () => inTempFolder(fn) });
}

test("the program is at most 220 MB", async () => {
  const { size } = await Deno.stat(binary!);
  assert.ok(size <= 220e6, `${size} bytes`);
});

test("two first starts at once, in an empty home, paint the same picture with the bundled model", async (cwd) => {
  const results = await Promise.all(["a.png", "b.png"].map((name) => run([...paint, name], { cwd })));
  for (const { code, err } of results) assert.equal(code, 0, err);
  const [a, b] = await Promise.all(["a.png", "b.png"].map((name) => Deno.readFile(join(cwd, name))));
  assert.deepEqual(a, b);
  const { library } = await unpacked(join(cwd, "home"));
  const names = (await Array.fromAsync(Deno.readDir(library))).map(({ name }) => name);
  assert.ok(names.includes("onnxruntime_binding.node") && !names.some((name) => name.endsWith(".tmp")), `${names}`);
});

test("libraries and weights that were changed or cut short are replaced before they are used", async (cwd) => {
  assert.equal((await run([...paint, "a.png"], { cwd })).code, 0);
  const { library, model } = await unpacked(join(cwd, "home"));
  const weights = join(model, "decoder", "vqgan", "diffusion_pytorch_model.safetensors");
  const files = [
    ...(await Array.fromAsync(Deno.readDir(library))).map(({ name }) => join(library, name)),
    weights,
  ];
  const whole = await Promise.all(files.map((file) => Deno.readFile(file)));
  for (const [i, file] of files.entries()) {
    if (i % 2 === 0) await Deno.truncate(file, 1000);
    else await Deno.writeFile(file, whole[i]!.map((byte, at) => at === 5000 ? byte ^ 1 : byte));
  }
  const { code, err } = await run([...paint, "b.png"], { cwd });
  assert.equal(code, 0, err);
  for (const [i, file] of files.entries()) assert.deepEqual(await Deno.readFile(file), whole[i], file);
});

/** Whether a process may have mounts and a network of its own, which is what forbids root anything. */
const mayUnshare = Deno.build.os === "linux" &&
  new Deno.Command("unshare", { args: ["-rnm", "mount", "-t", "tmpfs", "tmpfs", "/mnt"], stderr: "null" })
    .outputSync().success;
const skipped = mayUnshare ? "" : " (skipped: unshare -rnm is not allowed here)";

/** Runs what follows without a network, after some commands of a shell. */
const apart = (commands: string) => ["unshare", "-rnm", "sh", "-c", `${commands} && exec "$@"`, "sh"];

test(`it runs from a folder that nobody can write, without a network${skipped}`, async (cwd) => {
  const install = join(cwd, "install");
  await Deno.mkdir(install);
  const program = join(install, "wuerstchen");
  await Deno.copyFile(binary!, program);
  const readOnly = `mount --bind ${install} ${install} && mount -o remount,ro,bind ${install}`;
  const wrapper = apart(`${readOnly} && ! touch ${install}/a 2>/dev/null && ! grep -v -e '|' -e lo: /proc/net/dev`);
  const { code, err } = await run([...paint, "a.png"], { cwd, program, wrapper });
  assert.equal(code, 0, err);
  assert.deepEqual((await Array.fromAsync(Deno.readDir(install))).map(({ name }) => name), ["wuerstchen"]);
}, { ignore: !mayUnshare });

test(`a cache folder on a full disk is exit code 5 and one line${skipped}`, async (cwd) => {
  const cache = join(cwd, "cache");
  await Deno.mkdir(cache);
  const wrapper = apart(`mount -t tmpfs -o size=1500k tmpfs ${cache}`);
  const { code, err } = await run([...paint, "a.png"], { cwd, wrapper, env: { XDG_CACHE_HOME: cache } });
  assert.equal(code, 5, err);
  assert.match(
    err,
    /^error: Cannot unpack .*: the disk is full; free some space or set XDG_CACHE_HOME to another folder\n$/,
  );
}, { ignore: !mayUnshare });

test("a cache folder that cannot be written is exit code 6 and one line", async (cwd) => {
  await Deno.writeTextFile(join(cwd, "file"), "");
  const { code, err } = await run([...paint, "a.png"], { cwd, env: { XDG_CACHE_HOME: join(cwd, "file") } });
  assert.equal(code, 6, err);
  assert.match(
    err,
    /^error: Cannot unpack models\/emoji into .*cannot be written; set XDG_CACHE_HOME to another folder\n$/,
  );
});

test("a plugin in TypeScript runs, with what it imports beside it, and npm: and https: are for the source", async (cwd) => {
  await Deno.mkdir(join(cwd, "mine"));
  await Deno.writeTextFile(
    join(cwd, "mine", "slow.ts"),
    `import { defineScheduler, type StepInput } from "wuerstchen/plugins";
    import { z } from "zod";
    import { keep } from "./keep.ts";
    export default defineScheduler({
      name: "slow",
      summary: "takes no step",
      options: z.object({ share: z.number().default(1) }),
      create: ({ share }) => ({ step: ({ sample }: StepInput) => keep(sample, share) }),
    });`,
  );
  await Deno.writeTextFile(
    join(cwd, "mine", "keep.ts"),
    "export const keep = (data: Float32Array, share: number): Float32Array => data.map((x) => x * share);",
  );
  const shown = await run(["plugins", "show", "slow", "--allow-plugin", "mine/slow.ts"], { cwd });
  assert.equal(shown.code, 0, shown.err);
  assert.match(shown.out, /takes no step[\s\S]*share/);
  for (const name of ["npm:none", "https://example.com/none.ts"]) {
    const { code, err } = await run(["plugins", "list", "--allow-plugin", name], { cwd });
    assert.equal(code, 3, err);
    assert.match(err, /a compiled program takes plugins from files; for npm: and https: run it from its source\n$/);
  }
});

test("it starts in at most one and a half times what the source takes", async (cwd) => {
  const source = [Deno.execPath(), "run", "-A", "--no-check", new URL("../cli/main.ts", import.meta.url).pathname];
  const seconds = async (words: readonly string[]) => {
    const times: number[] = [];
    for (let i = 0; i < 5; i++) {
      const start = performance.now();
      const { code } = await new Deno.Command(words[0]!, { args: [...words.slice(1)], cwd, stdout: "null" }).output();
      assert.equal(code, 0);
      times.push((performance.now() - start) / 1000);
    }
    return times.sort((a, b) => a - b)[2]!;
  };
  const [ours, theirs] = [await seconds([binary!, "--version"]), await seconds([...source, "--version"])];
  assert.ok(ours <= 1.5 * theirs, `${ours.toFixed(2)} s, the source ${theirs.toFixed(2)} s`);
});
