import assert from "node:assert/strict";
import { join } from "node:path";
import { binary, commandLine, isStandIn } from "../tests/command_line.ts";
import { fakeHash, FakeHub, fakeToken } from "../tests/fake_hub.ts";
import { addHubModel, hubModel } from "../tests/hub_model.ts";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import { copyTinyModel, tinyModel } from "../tests/tiny_model.ts";

const tiny = ["-W", "64", "-H", "64", "--steps", "1", "--decoder-steps", "1"];

interface Settings {
  readonly env?: Record<string, string>;
  /** Permissions; all where left out. */
  readonly allow?: readonly string[];
  readonly cwd?: string;
  /** Command that runs the program, such as one that sets limits. */
  readonly wrapper?: readonly string[];
}

interface Rig {
  readonly hub: FakeHub;
  readonly folder: string;
  readonly blobs: string;
  start(args: readonly string[], settings?: Settings): Deno.ChildProcess;
  run(args: readonly string[], settings?: Settings): Promise<{ code: number; out: string; err: string }>;
}

const withHub = (test: (rig: Rig) => Promise<void>) => () =>
  inTempFolder(async (folder) => {
    await using hub = new FakeHub();
    await addHubModel(hub);
    const start = (
      args: readonly string[],
      { env = {}, allow, cwd = folder, wrapper = [] }: Settings = {},
    ) => {
      const [command, ...rest] = [...wrapper, ...commandLine(allow)];
      return new Deno.Command(command!, {
        args: [...rest, ...args],
        cwd,
        env: {
          NO_COLOR: "1",
          HF_HOME: join(folder, "hf"),
          HF_ENDPOINT: hub.url,
          XDG_CONFIG_HOME: join(folder, "config"),
          ...env,
        },
        stdin: "null",
        stdout: "piped",
        stderr: "piped",
      }).spawn();
    };
    await test({
      hub,
      folder,
      blobs: join(folder, "hf", "hub", "models--org--wuerstchen", "blobs"),
      start,
      async run(args, settings) {
        const { code, stdout, stderr } = await start(args, settings).output();
        const decoder = new TextDecoder();
        return { code, out: decoder.decode(stdout), err: decoder.decode(stderr) };
      },
    });
  });

const names = async (folder: string) => (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name).sort();
const weights = "decoder/diffusion_pytorch_model.safetensors";

Deno.test(
  "pull fetches both halves; then generate needs no network, nor the leave to use one",
  withHub(async (rig) => {
    const { hub, folder, run } = rig;
    const pulled = await run(["pull", hubModel.decoder]);
    assert.equal(pulled.code, 0, pulled.err);
    const [decoder, prior] = pulled.out.trim().split("\n");
    assert.match(decoder!, /models--org--wuerstchen\/snapshots\/[0-9a-f]{40}$/);
    assert.match(prior!, /models--org--wuerstchen-prior\/snapshots\/[0-9a-f]{40}$/);
    assert.match(pulled.err, /^fetched org\/wuerstchen\/decoder\/diffusion_pytorch_model\.safetensors: 2 MB in /m);
    const asked = hub.requests.length;
    const painted = await run([
      "generate",
      "a dog",
      "--model",
      hubModel.decoder,
      ...tiny,
      "-s",
      "3",
      "-o",
      "dog.png",
      "-q",
    ], {
      env: { HF_HUB_OFFLINE: "1" },
      // Without --allow-net every socket is an error.
      allow: ["--allow-read", "--allow-write", "--allow-env", "--allow-ffi", "--allow-sys"],
    });
    assert.deepEqual(painted, { code: 0, out: "dog.png\n", err: "" });
    assert.equal(hub.requests.length, asked);
    const info = JSON.parse((await run(["info", join(folder, "dog.png"), "--json"])).out);
    assert.equal(info.metadata.model.name, `${hubModel.decoder}@${hub.repositories.get(hubModel.decoder)!.commit}`);
    const again = await run(["generate", "-C", "dog.png", "-q", "-o", "again.png"], { env: { HF_HUB_OFFLINE: "1" } });
    assert.equal(again.code, 0, again.err);
    assert.deepEqual(await Deno.readFile(join(folder, "again.png")), await Deno.readFile(join(folder, "dog.png")));
  }),
);

Deno.test(
  "generate --model org/name fetches by itself",
  withHub(async ({ run }) => {
    const { code, out, err } = await run([
      "generate",
      "a dog",
      "--model",
      hubModel.decoder,
      ...tiny,
      "-s",
      "3",
      "-o",
      "dog.png",
    ]);
    assert.equal(code, 0, err);
    assert.equal(out, "dog.png\n");
    assert.match(err, /^fetched org\/wuerstchen-prior\/prior\/diffusion_pytorch_model\.safetensors/m);
  }),
);

Deno.test(
  "a download that is killed is taken up by the next, and leaves nothing behind",
  withHub(async ({ hub, blobs, start, run }) => {
    const { files } = hub.repositories.get(hubModel.decoder)!;
    hub.fail(/cdn:.*decoder\/diffusion/, { slow: 100 });
    const child = start(["pull", hubModel.decoder]);
    const partial = join(blobs, `${fakeHash(weights, files[weights]!)}.incomplete`);
    while (((await Deno.stat(partial).catch(() => undefined))?.size ?? 0) === 0) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    child.kill("SIGKILL");
    await child.output();
    const { size } = await Deno.stat(partial);
    const { code, err } = await run(["pull", hubModel.decoder, "-q"]);
    assert.equal(code, 0, err);
    assert.equal(hub.downloads(/decoder\/diffusion/).at(-1)!.range, `bytes=${size}-`);
    assert.deepEqual((await names(blobs)).filter((name) => name.includes(".")), []);
  }),
);

Deno.test(
  "eight processes share one download",
  withHub(async ({ hub, run }) => {
    hub.fail(/cdn:.*decoder\/diffusion/, { slow: 20 });
    const all = await Promise.all(Array.from({ length: 8 }, () => run(["pull", hubModel.decoder, "-q"])));
    for (const { code, err } of all) assert.equal(code, 0, err);
    assert.equal(new Set(all.map(({ out }) => out)).size, 1);
    assert.equal(hub.downloads(/decoder\/diffusion/).length, 1);
  }),
);

Deno.test(
  "what goes wrong has its exit code and one line without the token",
  withHub(async ({ hub, run }) => {
    hub.add("org/gated", { "model_index.json": "{}" }, { access: "gated" });
    const cases = [
      [["org/gated"], 4, /^error: org\/gated: is gated: ask for access at/],
      [["org/none"], 4, /^error: org\/none: there is no such model on 127\.0\.0\.1/],
      [["org/wuerstchen@nothing"], 4, /has no branch, tag or commit "nothing"/],
      [["org/wuerstchen@../../x"], 3, /Expected a branch, a tag or a commit after the @/],
      [["emoji"], 2, /Expected a repository on the hub/],
      [["org/wuerstchen", "--variant", "fp8", "-q"], 3, /variant "fp8" but found none/],
    ] as const;
    for (const [args, code, message] of cases) {
      const result = await run(["pull", ...args], { env: { HF_TOKEN: "hf_wrongAndSecret" } });
      assert.equal(result.code, code, result.err);
      assert.match(result.err, message);
      assert.doesNotMatch(result.err, /hf_wrongAndSecret/);
      assert.equal(result.err.trim().split("\n").length, 1);
    }
    const debug = await run(["pull", "org/gated", "--debug"], { env: { HF_TOKEN: "hf_wrongAndSecret" } });
    assert.doesNotMatch(debug.err, /hf_wrongAndSecret/);
    assert.equal((await run(["pull", "org/wuerstchen"], { env: { HF_HUB_OFFLINE: "1" } })).code, 4);
    const allowed = await run(["pull", "org/gated"], { env: { HF_TOKEN: fakeToken } });
    assert.equal(allowed.code, 3, allowed.err);
  }),
);

Deno.test({
  name: "without leave to use the network it names the flag",
  // A compiled program has all permissions.
  ignore: binary !== undefined,
  fn: withHub(async ({ hub, run }) => {
    const { code, err } = await run(["pull", hubModel.decoder], {
      allow: ["--allow-read", "--allow-write", "--allow-env", "--allow-sys"],
    });
    assert.equal(code, 6);
    assert.match(err, new RegExp(`run with --allow-net=${new URL(hub.url).host}\n$`));
  }),
});

const mount = "mount -t tmpfs -o size=1500k tmpfs";
const mayMount = Deno.build.os === "linux" &&
  new Deno.Command("sh", { args: ["-c", `unshare -rm ${mount} /mnt`], stderr: "null" }).outputSync().success;

Deno.test({
  name: "a disk that is too small is refused before anything large is fetched",
  ignore: !mayMount,
  fn: withHub(async ({ hub, folder, run }) => {
    const cache = join(folder, "hf");
    await Deno.mkdir(cache);
    const wrapper = ["unshare", "-rm", "sh", "-c", `${mount} ${cache} && exec "$@"`, "sh"];
    const { code, err } = await run(["pull", hubModel.decoder, "-q"], { wrapper });
    assert.equal(code, 5);
    assert.match(err, /^error: org\/wuerstchen: \d+ bytes are to be fetched and \d+ are free in .*: free some space/);
    assert.deepEqual(hub.downloads(/safetensors/), []);
  }),
});

Deno.test({
  name: "a limit that is met on the way keeps what has come and says what is needed",
  ignore: Deno.build.os === "windows",
  fn: withHub(async ({ blobs, run, hub }) => {
    // Blocks of 512 bytes or a kilobyte, as the shell counts; the file has 1.4 MB.
    const wrapper = ["sh", "-c", `trap '' XFSZ && ulimit -f 1200 && exec "$@"`, "sh"];
    const { code, err } = await run(["pull", hubModel.decoder, "-q"], { wrapper });
    assert.equal(code, 5, err);
    assert.match(
      err,
      /^error: Cannot write .*blobs.*: it would pass the file size or quota .*\(1417288 bytes needed, \d+ free\)/,
    );
    const { files } = hub.repositories.get(hubModel.decoder)!;
    assert.ok((await names(blobs)).includes(`${fakeHash(weights, files[weights]!)}.incomplete`));
    assert.equal((await run(["pull", hubModel.decoder, "-q"])).code, 0);
    assert.match(hub.downloads(/decoder\/diffusion/).at(-1)!.range!, /^bytes=\d+-$/);
  }),
});

Deno.test({
  name: "a cache that may not be written to serves what it holds and refuses the rest",
  ignore: !mayMount,
  fn: withHub(async ({ folder, hub, run }) => {
    assert.equal((await run(["pull", hubModel.prior, "-q"])).code, 0);
    const cache = join(folder, "hf");
    const wrapper = [
      "unshare",
      "-rm",
      "sh",
      "-c",
      `mount --bind ${cache} ${cache} && mount -o remount,ro,bind ${cache} && exec "$@"`,
      "sh",
    ];
    const asked = hub.requests.length;
    assert.equal((await run(["pull", hubModel.prior, "-q"], { wrapper, env: { HF_HUB_OFFLINE: "1" } })).code, 0);
    assert.equal((await run(["pull", hubModel.prior, "-q"], { wrapper })).code, 0);
    assert.ok(hub.requests.length > asked);
    const { code, err } = await run(["pull", hubModel.decoder, "-q"], { wrapper });
    assert.equal(code, 6);
    assert.match(err, /is read-only, choose another\n$/);
  }),
});

Deno.test(
  "plan of a model on the hub fetches no weights, and says what would be fetched",
  withHub(async ({ hub, run }) => {
    // Weights that are there in other forms too are not asked for.
    const prior = hub.repositories.get(hubModel.prior)!;
    hub.add(hubModel.prior, { ...prior.files, "text_encoder/pytorch_model.bin": "a pickle" });
    const planned = await run(["plan", hubModel.decoder, "-W", "64", "-H", "64", "--json"]);
    assert.equal(planned.code, 0, planned.err);
    const plan = JSON.parse(planned.out);
    const weightsOf = (id: string) =>
      Object.entries(hub.repositories.get(id)!.files).filter(([path]) =>
        /\/(model|diffusion_pytorch_model)\.safetensors$/.test(path)
      );
    const bytes = [hubModel.decoder, hubModel.prior].flatMap(weightsOf).reduce(
      (sum, [, { byteLength }]) => sum + byteLength,
      0,
    );
    assert.equal(plan.download, bytes);
    assert.ok(plan.disk > bytes);
    const [, stageC] = plan.rows;
    assert.deepEqual([stageC.name, stageC.disk], ["prior", 586344]);
    const half = await run(["plan", hubModel.decoder, "-W", "64", "-H", "64", "--precision", "fp16", "--json"]);
    for (const { range } of hub.downloads(/safetensors/)) assert.match(range!, /^bytes=0-\d+$/);
    await run(["pull", hubModel.decoder, "-q"]);
    // What is forecast from headers alone is what is forecast from files.
    for (const [precision, { out }] of Object.entries({ fp32: planned, fp16: half })) {
      const here = await run(["plan", tinyModel, "-W", "64", "-H", "64", "--precision", precision, "--json"]);
      const memory = ({ rows }: { rows: { name: string; memory: number }[] }) =>
        rows.map((row) => [row.name, row.memory]);
      assert.deepEqual(memory(JSON.parse(out)), memory(JSON.parse(here.out)));
    }
    assert.equal(JSON.parse((await run(["plan", hubModel.decoder, "--json"])).out).download, 0);
    const text = await run(["plan", hubModel.decoder], { env: { HF_HUB_OFFLINE: "1" } });
    assert.match(text.out, /^org\/wuerstchen: nothing to download;/);
    const { files } = hub.repositories.get(hubModel.prior)!;
    hub.add(hubModel.prior, {
      ...files,
      "prior/config.json": new TextDecoder().decode(files["prior/config.json"]!).replace(/"depth": \d+/, '"depth": 7'),
    });
    const other = await run(["plan", hubModel.decoder]);
    assert.equal(other.code, 3, other.out);
    assert.match(other.err, /org\/wuerstchen-prior\/prior: missing tensors: "blocks\.\d+\./);
  }),
);

Deno.test(
  "a bundle paints on a machine that has nothing else",
  withHub(async ({ folder, hub, run }) => {
    const made = await run(["bundle", hubModel.decoder, "-o", "model.tar", "-q"]);
    assert.deepEqual(made, { code: 0, out: "model.tar\n", err: "" });
    assert.equal((await run(["bundle", hubModel.decoder, "-o", "model.tar", "-q"])).code, 2);
    const asked = hub.requests.length;
    const there = { HF_HOME: join(folder, "elsewhere"), HF_HUB_OFFLINE: "1" };
    const paint = ["generate", "a dog", ...tiny, "-s", "3", "-q"];
    const painted = await run([...paint, "--model", "model.tar", "-o", "bundled.png"], {
      env: there,
      allow: ["--allow-read", "--allow-write", "--allow-env", "--allow-ffi", "--allow-sys"],
    });
    assert.equal(painted.code, 0, painted.err);
    await run([...paint, "--model", hubModel.decoder, "-o", "pulled.png"], { env: { HF_HUB_OFFLINE: "1" } });
    assert.deepEqual(await Deno.readFile(join(folder, "bundled.png")), await Deno.readFile(join(folder, "pulled.png")));
    assert.equal(hub.requests.length, asked);
    const local = await run(["bundle", tinyModel, "-o", "local.tar", "--json"]);
    assert.equal(JSON.parse(local.out).repositories[0].id, "local/repo");
    assert.equal((await run([...paint, "--model", "local.tar", "-o", "local.png"], { env: there })).code, 0);
  }),
);

Deno.test(
  "cache lists, verifies, prunes and removes what was pulled",
  withHub(async ({ folder, blobs, run, hub }) => {
    await run(["pull", hubModel.decoder, "-q"]);
    const listed = JSON.parse((await run(["cache", "ls", "--json"])).out);
    assert.deepEqual(listed.models.map(({ id }: { id: string }) => id), [hubModel.decoder, hubModel.prior]);
    assert.match(
      (await run(["cache", "ls"])).out,
      /^org\/wuerstchen {2}\d+ MB\n {2}[0-9a-f]{12} {2}main {2}\d+ files {2}\d+ MB\n/,
    );
    assert.match((await run(["cache", "verify"])).out, /^\d+ files are what the hub listed/);
    const { files } = hub.repositories.get(hubModel.decoder)!;
    const blob = join(blobs, fakeHash(weights, files[weights]!));
    const bytes = await Deno.readFile(blob);
    await Deno.writeFile(blob, bytes.map((byte, i) => i === 5000 ? byte ^ 4 : byte));
    const damaged = await run(["cache", "verify", hubModel.decoder]);
    assert.equal(damaged.code, 3);
    assert.match(damaged.err, /^error: 1 of \d+ files are damaged: \S+; remove them and pull the model again$/m);
    await Deno.rename(blob, join(folder, "away"));
    const gone = await run(["cache", "verify", "--json"]);
    assert.equal(gone.code, 3);
    assert.deepEqual(JSON.parse(gone.out).missing.length, 1);
    assert.match(
      gone.err,
      /^error: 1 is missing: \S*decoder\/diffusion_pytorch_model\.safetensors; pull the model again$/m,
    );
    await Deno.writeFile(blob, bytes);
    const lacking = ["cache", "verify", "--fail-on-missing-files"];
    assert.equal((await run(lacking)).code, 0);
    const [snapshot] = await names(join(blobs, "../snapshots"));
    const [link, away] = [
      join(blobs, "../snapshots", snapshot!, "scheduler/scheduler_config.json"),
      join(blobs, "../aside"),
    ];
    await Deno.rename(link, away);
    assert.equal((await run(["cache", "verify"])).code, 0);
    const { code, err } = await run(lacking);
    assert.equal(code, 3);
    assert.match(err, /^error: 1 is missing: \S*scheduler\/scheduler_config\.json; pull the model again$/m);
    await Deno.rename(away, link);
    await Deno.writeTextFile(join(blobs, "aa.incomplete"), "xx");
    assert.match((await run(["cache", "prune", "--dry-run"])).out, /aa\.incomplete.*\n.* would be freed\n$/);
    assert.equal((await run(["cache", "prune"])).code, 2);
    assert.equal((await run(["cache", "prune", "-y"])).code, 0);
    const removed = JSON.parse((await run(["cache", "rm", hubModel.decoder, "-y", "--json"])).out);
    assert.equal(removed.removed[0].what, hubModel.decoder);
    assert.equal((await run(["cache", "rm", hubModel.decoder, "-y"])).code, 2);
    assert.deepEqual(await names(join(folder, "hf", "hub")), [".locks", "models--org--wuerstchen-prior"]);
  }),
);

Deno.test(
  "cache lists and removes weights that --precision has made",
  withHub(async ({ folder, run }) => {
    const env = { XDG_CACHE_HOME: join(folder, "cache") };
    const model = join(folder, "model");
    await copyTinyModel(model);
    const painted = await run(["generate", "a", "--model", model, ...tiny, "--precision", "fp16", "-q"], { env });
    assert.equal(painted.code, 0, painted.err);
    const list = async () => JSON.parse((await run(["cache", "ls", "--json"], { env })).out);
    const { quantized, quantizedBytes } = await list();
    assert.ok(quantized.length > 1 && quantizedBytes > 1e5);
    assert.ok(quantized.some(({ madeFrom }: { madeFrom: string }) => madeFrom === join(model, "prior", "prior")));
    assert.match(
      (await run(["cache", "ls"], { env })).out,
      /^quantized:[0-9a-f]{12} {2}fp16 {2}from .* {2}last used /m,
    );
    const { name, path } = quantized[0];
    assert.match((await run(["cache", "rm", name, "--dry-run"], { env })).out, /would be freed/);
    assert.equal((await run(["cache", "rm", name, "-y"], { env })).code, 0);
    await assert.rejects(Deno.stat(path), Deno.errors.NotFound);
    assert.deepEqual(JSON.parse((await run(["cache", "prune", "-y", "--json"], { env })).out).removed, []);
    await Deno.remove(model, { recursive: true });
    const pruned = JSON.parse((await run(["cache", "prune", "-y", "--json"], { env })).out);
    assert.equal(pruned.removed.length, quantized.length - 1);
    assert.deepEqual(await names(join(folder, "cache", "wuerstchen", "quantized")), []);
  }),
);

Deno.test(
  "pruning and removing leave a pull that is going on alone, and say so",
  withHub(async ({ hub, blobs, start, run }) => {
    hub.fail(/cdn:.*decoder\/diffusion/, { slow: 200 });
    const child = start(["pull", hubModel.decoder, "-q"]);
    const pulled = child.output();
    const { files } = hub.repositories.get(hubModel.decoder)!;
    const partial = join(blobs, `${fakeHash(weights, files[weights]!)}.incomplete`);
    while (((await Deno.stat(partial).catch(() => undefined))?.size ?? 0) === 0) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const [pruned, removed] = await Promise.all([
      run(["cache", "prune", "-y"]),
      run(["cache", "rm", hubModel.decoder, "-y", "--json"]),
    ]);
    assert.deepEqual(pruned, {
      code: 0,
      out: "0 MB freed\n",
      err: "org/wuerstchen: is being fetched, nothing of it is removed\n",
    });
    assert.equal(removed.code, 2);
    assert.deepEqual(JSON.parse(removed.out), { dryRun: false, removed: [], bytes: 0, busy: [hubModel.decoder] });
    assert.match(removed.err, /^error: org\/wuerstchen: is being fetched.*try again once that has ended\n$/);
    const { code, stderr } = await pulled;
    assert.equal(code, 0, new TextDecoder().decode(stderr));
    assert.equal((await run(["pull", hubModel.decoder, "-q"], { env: { HF_HUB_OFFLINE: "1" } })).code, 0);
  }),
);

Deno.test(
  "a licence that forbids commercial use is accepted once by --accept-license",
  withHub(async ({ hub, run }) => {
    const { files } = hub.repositories.get(hubModel.decoder)!;
    hub.add(hubModel.decoder, { ...files, "README.md": `---\nlicense: cc-by-nc-4.0\nprior: ${hubModel.prior}\n---\n` });
    const refused = await run(["pull", hubModel.decoder, "-q"]);
    assert.equal(refused.code, 2);
    assert.match(refused.err, /^error: org\/wuerstchen: its licence, cc-by-nc-4\.0, allows no commercial use: read it/);
    assert.equal((await run(["pull", hubModel.decoder, "-q", "--accept-license"])).code, 0);
    assert.equal((await run(["pull", hubModel.decoder, "-q"])).code, 0);
  }),
);

Deno.test({
  name: `push puts a model with its card onto the hub, from where pull takes it${
    isStandIn ? " (skipped: files cannot be sent on Deno 2.4)" : ""
  }`,
  ignore: isStandIn,
  fn: withHub(async ({ folder, hub, run }) => {
    const env = { HF_TOKEN: fakeToken };
    const listed = await run(["push", tinyModel, "me/model", "--dry-run", "--json"]);
    assert.equal(listed.code, 0, listed.err);
    assert.ok(JSON.parse(listed.out).files.some(({ path }: { path: string }) => path === "README.md"));
    assert.equal((await run(["push", tinyModel, "me/model"])).code, 2);
    const model = join(folder, "model");
    await copyTinyModel(model);
    const pushed = await run(["push", model, "me/model", "--license", "mit", "-m", "A test"], { env });
    assert.equal(pushed.code, 0, pushed.err);
    assert.match(pushed.out, /\/me\/model\/commit\/[0-9a-f]{40}\n$/);
    assert.match(new TextDecoder().decode(hub.repositories.get("me/model")!.files["README.md"]), /\nlicense: mit\n/);
    assert.deepEqual(hub.pushes.map(({ summary }) => summary), ["A test"]);
    const painted = await run(["generate", "a dog", "--model", "me/model", ...tiny, "-q", "-o", "a.png"]);
    assert.equal(painted.code, 0, painted.err);
    assert.equal((await run(["push", folder, "me/model"], { env })).code, 3);
  }),
});
