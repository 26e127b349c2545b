import assert from "node:assert/strict";
import { join } from "node:path";
import { ConfigError } from "../errors.ts";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import { readSettings, type SettingsText } from "./read_settings.ts";

async function read(name: string, text: string): Promise<SettingsText> {
  let settings: SettingsText | undefined;
  await inTempFolder(async (folder) => {
    await Deno.writeTextFile(join(folder, name), text);
    settings = await readSettings(join(folder, name), { what: "an experiment" });
  });
  return settings!;
}

async function refuses(name: string, text: string, message: RegExp): Promise<void> {
  const start = performance.now();
  await assert.rejects(
    () => read(name, text),
    (error) => {
      assert.ok(error instanceof ConfigError, String(error));
      assert.match(error.message, message);
      assert.doesNotMatch(error.message, /\n/);
      return true;
    },
  );
  assert.ok(performance.now() - start < 5000, `${name}: too slow`);
}

Deno.test("JSONC, YAML and TOML give the same settings", async () => {
  const wanted = { prompt: "a fox", priorSteps: 4, sweep: { grid: { priorGuidance: [1, 2.5] } } };
  const texts = {
    "a.jsonc":
      '{ "prompt": "a fox", "priorSteps": 4, /* a grid */ "sweep": { "grid": { "priorGuidance": [1, 2.5] } }, }',
    "a.yaml": "prompt: a fox\npriorSteps: 4\nsweep:\n  grid:\n    priorGuidance: [1, 2.5] # a grid\n",
    "a.TOML": 'prompt = "a fox"\npriorSteps = 4\n[sweep.grid]\npriorGuidance = [1, 2.5]\n',
  };
  for (const [name, text] of Object.entries(texts)) {
    assert.deepEqual((await read(name, text)).json, wanted, name);
  }
});

Deno.test("errors of YAML and JSONC know the line of a setting", async () => {
  const yaml = await read("a.yaml", "prompt: a fox\nsweep:\n  grid:\n    steps: [1]\n");
  assert.deepEqual([yaml.lineOf(["sweep", "grid", "steps"]), yaml.lineOf(["nothing"])], [4, undefined]);
  assert.equal((await read("a.json", '{\n"prompt":\n"a"}')).lineOf(["prompt"]), 3);
});

Deno.test("keys of prototypes and keys that come twice are refused in every format", async () => {
  await refuses("a.jsonc", '{"a": {"__proto__": {"x": 1}}}', /a\.jsonc line 1: "__proto__" is no name for a setting$/);
  await refuses("a.yaml", "a:\n  __proto__:\n    x: 1\n", /a\.yaml line 2: "__proto__" is no name for a setting$/);
  await refuses("a.toml", "[a.__proto__]\nx = 1\n", /a\.toml.*"__proto__" is no name for a setting$/);
  await refuses("a.yaml", "constructor: 1\n", /"constructor" is no name/);
  await refuses("a.yaml", "a: 1\na: 2\n", /line 2: "a" is there twice$/);
  await refuses("a.toml", "a = 1\na = 2\n", /a\.toml line 2: /);
  assert.equal(({} as Record<string, unknown>)["x"], undefined);
});

Deno.test("bombs, endless nesting, cycles and huge files are refused at once", async () => {
  const levels = Array.from({ length: 12 }, (_, i) => {
    return `a${i}: &a${i} [${Array(10).fill(i === 0 ? "x" : `*a${i - 1}`).join(", ")}]\n`;
  });
  await refuses("bomb.yaml", levels.join(""), /Expected at most 100000 values but aliases make more of them$/);
  await refuses("cycle.yaml", "a: &a [*a]\n", /nested too deeply/);
  await refuses(
    "deep.yaml",
    `a: ${"[".repeat(10_000)}${"]".repeat(10_000)}`,
    /deep\.yaml( line 1)?: it is nested too deeply$/,
  );
  await refuses("deep.json", `{"a": ${"[".repeat(10_000)}${"]".repeat(10_000)}}`, /nested too deeply/);
  await refuses("deep.toml", `a = ${"[".repeat(10_000)}${"]".repeat(10_000)}`, /deep\.toml line 1: /);
  await refuses(
    "keys.yaml",
    Array.from({ length: 100_001 }, (_, i) => `k${i}:\n`).join(""),
    /at most 262144 characters/,
  );
  await refuses("large.json", " ".repeat((1 << 20) + 1), /Expected at most 1048576 bytes/);
});

Deno.test("what is no settings is refused in a line", async () => {
  await refuses("a.yaml", "- 1\n", /Expected keys with values/);
  await refuses("a.yaml", "a: [1\n", /a\.yaml line \d+: /);
  await refuses("a.yaml", "a: !!js/function x\n", /a\.yaml line 1: Unresolved tag/);
  await refuses("a.yaml", "a: *b\n", /no anchor &b|Unresolved alias/);
  await refuses("a.toml", "a = 2020-01-01\n", /"a": Expected no date/);
  await refuses("a.txt", "a", /Expected an experiment as \.json, \.jsonc, \.yaml, \.yml, \.toml/);
  await assert.rejects(() => readSettings("nowhere.yaml", { what: "an experiment" }), /there is no such file/);
});
