import assert from "node:assert/strict";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import { builtinRegistry } from "./builtin.ts";
import { allowedBySettings, canonicalSpecifier, isSpecifier, loadPlugin } from "./load.ts";

const define = new URL("./define.ts", import.meta.url).href;
const still = `import { defineScheduler } from ${JSON.stringify(define)};
export default defineScheduler({ name: "still", summary: "does nothing", create: () => ({ step: ({ sample }) => sample.slice() }) });`;

Deno.test("a plugin that is allowed is loaded from its file, and once", async () => {
  await inTempFolder(async (folder) => {
    const file = join(folder, "still.ts");
    await Deno.writeTextFile(file, still);
    const registry = builtinRegistry();
    const allowed = new Set([canonicalSpecifier(file)]);
    const plugin = await loadPlugin(file, registry, { allowed });
    assert.equal(registry.get("scheduler", "still"), plugin);
    assert.equal(await loadPlugin(file, registry, { allowed }), plugin);
    assert.equal(registry.list("scheduler").at(-1)!.source, pathToFileURL(file).href);
  });
});

Deno.test("a plugin that nobody has allowed is not even read", async () => {
  let imports = 0;
  const importModule = () => Promise.resolve(imports++);
  for (const specifier of ["./my.ts", "npm:my-plugin@1.0.0", "https://example.com/my.ts"]) {
    const work = loadPlugin(specifier, builtinRegistry(), { allowed: new Set(["npm:other"]), importModule });
    await assert.rejects(work, {
      name: "PermissionError",
      message:
        `${specifier}: this plugin is not allowed to run; if you trust its code, add --allow-plugin ${specifier}`,
    });
  }
  assert.equal(imports, 0);
});

Deno.test("a plugin that cannot be loaded, throws at load or exports nothing is named in one line", async () => {
  await inTempFolder(async (folder) => {
    const fails = async (name: string, text: string | undefined, message: RegExp) => {
      const file = join(folder, name);
      if (text !== undefined) await Deno.writeTextFile(file, text);
      const work = loadPlugin(file, builtinRegistry(), { allowed: new Set([canonicalSpecifier(file)]) });
      await assert.rejects(work, (error: Error) => {
        assert.equal(error.name, "PluginError");
        assert.match(error.message, message);
        assert(error.message.includes(name) && !error.message.includes("\n"));
        return true;
      });
    };
    await fails("gone.ts", undefined, /cannot be loaded: /);
    await fails("throws.ts", "throw new Error('no luck\\nat all');", /cannot be loaded: no luck$/);
    await fails("empty.ts", "export const nothing = 1;", /Expected a default export made by defineScheduler\(\)/);
    await fails("broken.ts", "export default {", /cannot be loaded: /);
  });
});

Deno.test("http: is taken from this machine alone", () => {
  for (const address of ["http://localhost:80/a.ts", "http://127.0.0.1:8000/a.ts", "http://[::1]/a.ts"]) {
    assert.equal(canonicalSpecifier(address), new URL(address).href);
  }
  for (const address of ["http://example.com/a.ts", "http://localhost.example.com/a.ts", "http://127.0.0.1.nip.io/a"]) {
    assert.throws(() => canonicalSpecifier(address), /Expected a plugin as a path, npm:… or https:\/\/… but found/);
  }
});

Deno.test("what the lock file does not know says how it gets there", async () => {
  const importModule = () => Promise.reject(new TypeError("The lockfile is out of date. Run `deno install`\nchanges:"));
  const allowed = new Set(["npm:mine@1.0.0"]);
  await assert.rejects(loadPlugin("npm:mine@1.0.0", builtinRegistry(), { allowed, importModule }), {
    name: "PluginError",
    message:
      "npm:mine@1.0.0: cannot be loaded: deno.lock does not know it: run this once with deno run --frozen=false, " +
      "which writes it down there",
  });
});

Deno.test("specifiers are told from names, and one file has one form", () => {
  for (const text of ["./my.ts", "my.ts", "a/b", "npm:x", "https://example.com/x.js", "my.mjs"]) {
    assert(isSpecifier(text), text);
  }
  for (const text of ["euler", "dpmpp-2m", "from-image"]) assert(!isSpecifier(text), text);
  assert.equal(canonicalSpecifier("a/../my.ts", { folder: "/x" }), canonicalSpecifier("/x/my.ts"));
  assert.equal(canonicalSpecifier("npm:x@1"), "npm:x@1");
  for (const text of ["http://example.com/x.js", "data:text/javascript,1", "jsr:@a/b"]) {
    assert.throws(() => canonicalSpecifier(text), { name: "ConfigError" }, text);
  }
});

Deno.test("the user's own settings allow plugins beside them", async () => {
  await inTempFolder(async (folder) => {
    assert.deepEqual(await allowedBySettings({ folder }), []);
    await Deno.writeTextFile(join(folder, "settings.json"), '{"plugins": ["my.ts", "npm:x"], "other": 1}');
    assert.deepEqual(await allowedBySettings({ folder }), [pathToFileURL(join(folder, "my.ts")).href, "npm:x"]);
    await Deno.writeTextFile(join(folder, "settings.json"), '{"plugins": "my.ts"}');
    await assert.rejects(allowedBySettings({ folder }), {
      name: "ConfigError",
      message: /settings\.json: "plugins": Expected a list/,
    });
    await Deno.writeTextFile(join(folder, "settings.json"), "{");
    await assert.rejects(allowedBySettings({ folder }), {
      name: "ConfigError",
      message: /settings\.json: not valid JSON/,
    });
  });
});
