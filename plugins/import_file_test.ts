import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import { importFile } from "./import_file.ts";

/** Writes modules into `folder/plugin` and imports the first of them. */
async function importFrom(folder: string, files: Readonly<Record<string, string>>): Promise<Record<string, unknown>> {
  const root = join(folder, "plugin");
  for (const [name, text] of Object.entries(files)) {
    await Deno.mkdir(dirname(join(root, name)), { recursive: true });
    await Deno.writeTextFile(join(root, name), text);
  }
  const url = pathToFileURL(join(root, Object.keys(files)[0]!)).href;
  return await importFile(url, { roots: [root] }) as Record<string, unknown>;
}

Deno.test("types, enums and imports of types alone are taken out, as Deno does", () =>
  inTempFolder(async (folder) => {
    const { name, kind } = await importFrom(folder, {
      "plugin.ts": `import { Shape } from "./shape.ts";
        import type { z } from "zod";
        enum Kind { A = "a" }
        export const kind = Kind.A;
        export const name = ({ name: "square" } satisfies Shape as Shape)!.name;`,
      "shape.ts": "export interface Shape { readonly name: string }",
    });
    assert.deepEqual({ name, kind }, { name: "square", kind: "a" });
  }));

Deno.test("a plugin gets this program's own modules, not copies of them", () =>
  inTempFolder(async (folder) => {
    const { define, error, schema } = await importFrom(folder, {
      "plugin.ts": `import { defineMetric } from "wuerstchen/plugins";
        import { ConfigError } from "wuerstchen";
        import { z } from "zod";
        export { defineMetric as define, ConfigError as error };
        export const schema = z.object({ a: z.number() });`,
    });
    assert.equal(define, (await import("./mod.ts")).defineMetric);
    assert.equal(error, (await import("../errors.ts")).ConfigError);
    assert.ok(schema instanceof (await import("zod")).z.ZodObject);
  }));

Deno.test("relative imports are followed: deeper files, JSON, what is re-exported, what is imported later, each once", () =>
  inTempFolder(async (folder) => {
    const module = await importFrom(folder, {
      "plugin.ts": `import data from "./data.json" with { type: "json" };
        import { count as first } from "./parts/one.ts";
        export * from "./parts/two.mjs";
        export const later = import("./parts/three.ts");
        export { data, first };`,
      "data.json": '{ "sizes": [1, 2] }',
      "parts/one.ts": 'export { count } from "./count.ts";',
      "parts/two.mjs": 'export { count as second } from "./count.ts"; export const text = "import \\"./no.ts\\"";',
      "parts/three.ts": "export const three: number = 3;",
      "parts/count.ts": "export const count: { value: number } = { value: 0 };",
    });
    assert.deepEqual(module.data, { sizes: [1, 2] });
    assert.equal(module.first, module.second);
    assert.equal(module.text, 'import "./no.ts"');
    assert.equal((await module.later as { three: number }).three, 3);
  }));

Deno.test("a plugin knows where it lies, and can read files beside it", () =>
  inTempFolder(async (folder) => {
    const { text, meta } = await importFrom(folder, {
      "the plugin.ts": `export const text = Deno.readTextFileSync(new URL("./table.txt", import.meta.url));
        export const meta = [import.meta.dirname, import.meta.filename, import.meta.main];`,
      "table.txt": "1 2 3",
    });
    const root = join(folder, "plugin");
    assert.deepEqual({ text, meta }, { text: "1 2 3", meta: [root, join(root, "the plugin.ts"), false] });
  }));

Deno.test("what lies outside of the plugin's folder is not imported, by whatever way", () =>
  inTempFolder(async (folder) => {
    await Deno.writeTextFile(join(folder, "secret.ts"), "export const secret = 1;");
    const names = [`../secret.ts`, join(folder, "secret.ts"), pathToFileURL(join(folder, "secret.ts")).href];
    for (const name of names) {
      await assert.rejects(importFrom(folder, { "plugin.ts": `export * from ${JSON.stringify(name)};` }), {
        name: "PermissionError",
        message: /plugin\.ts: imports \S+secret\.ts, which lies outside of \S+plugin: move it there$/,
      });
    }
    await Deno.symlink(join(folder, "secret.ts"), join(folder, "plugin", "link.ts"));
    await assert.rejects(importFrom(folder, { "plugin.ts": 'export * from "./link.ts";' }), {
      name: "PermissionError",
    });
  }));

Deno.test("what only the source can import, circles, missing files and broken ones are told in one line", () =>
  inTempFolder(async (folder) => {
    const fails = async (files: Readonly<Record<string, string>>, message: RegExp) => {
      await assert.rejects(importFrom(folder, files), { name: "PluginError", message });
    };
    for (const name of ["npm:zod@4", "https://example.com/x.ts", "lodash", "jsr:@a/b"]) {
      const words = "a compiled program has wuerstchen, .*, zod and files; .* run wuerstchen from its source";
      await fails({ "plugin.ts": `import "${name}";` }, new RegExp(`plugin\\.ts imports "${name}": ${words}$`));
    }
    const circle = { "plugin.ts": 'import "./b.ts";', "b.ts": 'import "./plugin.ts";' };
    await fails(circle, /^plugin\.ts imports b\.ts imports plugin\.ts: a compiled program takes no modules that/);
    await fails({ "plugin.ts": 'import "./gone.ts";' }, /plugin\.ts: there is no file \S+gone\.ts$/);
    await fails({ "plugin.ts": "export default {" }, /plugin\.ts:1:\d+: Unexpected token/);
  }));
