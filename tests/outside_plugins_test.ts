/** Plugins that are fetched: from an address and from a registry of packages, both on this machine. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { tarEnd, tarHeader, tarPadding } from "../files/tar.ts";
import { binary } from "./command_line.ts";
import { inTempFolder } from "./in_temp_folder.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

/** The beginning of a module, at an address; the other module lies beside it. */
const atAddress = `import { defineScheduler } from "wuerstchen/plugins";
import { still } from "./still.ts";
export default defineScheduler({ name: "fetched", summary: "from an address", create: () => ({ step: still }) });`;
const beside = `export function still({ sample }: { sample: Float32Array }): Float32Array { return sample.slice(); }`;

/** A package has no names of this program: it exports the object itself. */
const inPackage = `export default {
  kind: "scheduler", name: "packed", summary: "from a package",
  create: () => ({ step: ({ sample }) => sample.slice() }),
};`;

/** A gzipped tar of a package. */
async function pack(files: Readonly<Record<string, string>>): Promise<Uint8Array<ArrayBuffer>> {
  const parts = Object.entries(files).flatMap(([name, text]) => {
    const data = new TextEncoder().encode(text);
    return [tarHeader(`package/${name}`, data.length), data, new Uint8Array(tarPadding(data.length))];
  });
  const gzip = new Blob([...parts, tarEnd] as BlobPart[]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(gzip).arrayBuffer());
}

/** Serves modules, and a registry with one package. */
async function serve(): Promise<{ host: string; asked: string[] } & AsyncDisposable> {
  const asked: string[] = [];
  const name = "@test/packed";
  const manifest = { name, version: "1.0.0", type: "module", exports: "./index.js" };
  const tarball = await pack({ "package.json": JSON.stringify(manifest), "index.js": inPackage });
  const integrity = `sha512-${createHash("sha512").update(tarball).digest("base64")}`;
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, (request) => {
    const { origin, pathname } = new URL(request.url);
    asked.push(pathname);
    const typescript = { headers: { "content-type": "application/typescript" } };
    if (pathname === "/fetched.ts") return new Response(atAddress, typescript);
    if (pathname === "/still.ts") return new Response(beside, typescript);
    if (pathname === "/packed-1.0.0.tgz") return new Response(tarball);
    if (decodeURIComponent(pathname) !== `/${name}`) return new Response("", { status: 404 });
    const dist = { tarball: `${origin}/packed-1.0.0.tgz`, integrity };
    return Response.json({ name, "dist-tags": { latest: "1.0.0" }, versions: { "1.0.0": { ...manifest, dist } } });
  });
  return { host: `127.0.0.1:${server.addr.port}`, asked, [Symbol.asyncDispose]: () => server.shutdown() };
}

/** Deno's own cache, in which the packages of the program are; what is fetched from a port is taken out of it again. */
async function openCache(port: string): Promise<{ folder: string } & AsyncDisposable> {
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).output();
  const { denoDir, npmCache, modulesCache } = JSON.parse(new TextDecoder().decode(stdout));
  const fetched = [join(npmCache, port), join(modulesCache, "http", `127.0.0.1_PORT${port}`)];
  const forget = (path: string) => Deno.remove(path, { recursive: true }).catch(() => {});
  return { folder: denoDir, [Symbol.asyncDispose]: async () => void await Promise.all(fetched.map(forget)) };
}

Deno.test({
  name: "plugins are fetched from an address and from npm, once the lock file may learn of them",
  // A compiled program takes files alone, and says so.
  ignore: binary !== undefined,
  fn: () =>
    inTempFolder(async (home) => {
      await using server = await serve();
      const { host, asked } = server;
      await using cache = await openCache(host.split(":")[1]!);
      await Deno.writeTextFile(join(home, ".npmrc"), `@test:registry=http://${host}/\n`);
      const lock = join(home, "deno.lock");
      await Deno.copyFile(join(root, "deno.lock"), lock);
      const show = async (name: string, plugin: string, { frozen }: { frozen: boolean }) => {
        const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
          args: [
            ...["run", "-q", "--no-check", "-A", `--lock=${lock}`, `--frozen=${frozen}`, join(root, "cli", "main.ts")],
            ...["plugins", "show", name, "--allow-plugin", plugin],
          ],
          env: { HOME: home, DENO_DIR: cache.folder, NO_COLOR: "1" },
          stdin: "null",
        }).output();
        const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
        return { code, out: out!, err: err! };
      };
      const address = `http://${host}/fetched.ts`;
      const unknown = await show("fetched", address, { frozen: true });
      assert.match(unknown.err, /^error: http:\/\/\S+: cannot be loaded: deno\.lock does not know it: run this once/);
      assert.deepEqual([unknown.code, unknown.err.trim().split("\n").length], [3, 1]);
      const fetched = await show("fetched", address, { frozen: false });
      assert.match(fetched.out, /from an address/, fetched.err);
      assert.ok(asked.includes("/still.ts"), "what it imports is fetched, too");
      assert.match((await show("fetched", address, { frozen: true })).out, /from an address/);
      const packed = await show("packed", "npm:@test/packed@1.0.0", { frozen: false });
      assert.match(packed.out, /from a package/, packed.err);
      assert.ok(asked.includes("/packed-1.0.0.tgz"));
      const gone = await show("gone", `http://${host}/gone.ts`, { frozen: false });
      assert.match(gone.err, /^error: http:\/\/\S+gone\.ts: cannot be loaded: [^\n]*\n$/);
    }),
});
