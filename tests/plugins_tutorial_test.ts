/** docs/plugins.md does what it says: its code is run as it is written there. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { builtinRegistry } from "../plugins/builtin.ts";
import { newPlugin, templateKinds } from "../plugins/templates.ts";
import { spacedTimesteps } from "../schedulers/spacings.ts";
import { errorOf, schedule } from "./sampler_case.ts";
import { inTempFolder } from "./in_temp_folder.ts";

const config = fileURLToPath(new URL("../deno.json", import.meta.url));
const text = await Deno.readTextFile(new URL("../docs/plugins.md", import.meta.url));

/** The files of the tutorial: a name in backquotes before a block. */
const files = [...text.matchAll(/`(\w+\.ts)`[^\n]*\n[^`]*```ts ignore\n([\s\S]*?)```/g)].map(([, name, code]) => {
  return { path: name!, text: code! };
});

/** Writes files, checks their types, and runs their tests. */
async function runTests(files: readonly { path: string; text: string }[]): Promise<string> {
  let output = "";
  await inTempFolder(async (folder) => {
    for (const { path, text } of files) await Deno.writeTextFile(join(folder, path), text);
    const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        "test",
        "--config",
        config,
        "--no-prompt",
        ...files.map(({ path }) => path).filter((path) => /_test\.ts$/.test(path)),
      ],
      cwd: folder,
      env: { NO_COLOR: "1" },
    }).output();
    output = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
    assert(success, output);
  });
  return output;
}

Deno.test("the tutorial's plugins, and those that plugins new writes, pass their suites as they are, without permissions", async () => {
  assert.deepEqual(files.map(({ path }) => path), ["midpoint.ts", "midpoint_test.ts", "mirror.ts", "mirror_test.ts"]);
  for (const { path, text } of files) {
    assert(text.split("\n").length <= 46, `${path} has ${text.split("\n").length} lines`);
  }
  assert.deepEqual(templateKinds, ["scheduler", "prior", "postprocessor", "metric"]);
  // All at once: most of the time is the check of their types.
  const output = await runTests([...files, ...templateKinds.flatMap((kind) => newPlugin(kind, `my_${kind}`))]);
  assert.match(
    output,
    /scheduler midpoint: leads to the data with a network that is never wrong and predicts v_prediction \.\.\. ok/,
  );
  assert.match(output, /prior mirror: gives what its kind says, finite and of the right shape \.\.\. ok/);
});

Deno.test("the tutorial's scheduler is of second order, as it says", async () => {
  await inTempFolder(async (folder) => {
    const file = join(folder, "midpoint.ts");
    await Deno.writeTextFile(file, files[0]!.text);
    const { default: plugin } = await import(`file://${file}`);
    const errors = await Promise.all([16, 32, 64].map((n) => {
      return errorOf(plugin, { times: spacedTimesteps(n, { spacing: "log-snr", schedule }) });
    }));
    const order = Math.log2(errors[0]! / errors[2]!) / 2;
    assert(Math.abs(order - 2) < 0.2, `order ${order}`);
  });
});

Deno.test("the tutorial's table of schedulers has all that come along, and no others", () => {
  const table = [...text.matchAll(/^\| `([a-z0-9-]+)` +\| \d/gm)].map(([, name]) => name);
  assert.deepEqual(table, builtinRegistry().list("scheduler").map(({ plugin }) => plugin.name));
});
