import assert from "node:assert/strict";
import { cosineSchedule } from "../schedulers/cosine_schedule.ts";
import { predictionOf } from "../schedulers/prediction.ts";
import { builtinRegistry } from "./builtin.ts";
import { defineScheduler, type Plugin } from "./define.ts";
import { Registry } from "./registry.ts";

const context = { schedule: cosineSchedule(), prediction: predictionOf() };
const still = { step: ({ sample }: { sample: Float32Array }) => sample.slice() };
const mine = (changes: object) => ({
  ...defineScheduler({ name: "mine", summary: "does nothing", create: () => still }),
  ...changes,
});

Deno.test("an unknown plugin is a ConfigError that lists the known ones and the one that may have been meant", () => {
  assert.throws(() => builtinRegistry().choose("scheduler", "eular"), {
    name: "ConfigError",
    message:
      /^Expected a scheduler that is known but found "eular"; did you mean "euler"\?; there are ddpm-wuerstchen, ddim, /,
  });
  assert.throws(
    () => builtinRegistry().choose("prior", "euler"),
    /found "euler", which is a scheduler; there are wuerstchen, /,
  );
  assert.throws(() => new Registry().get("metric", "fid"), /there are none$/);
});

Deno.test("a second plugin of one kind and name is refused, of another kind it is not", () => {
  const registry = builtinRegistry();
  assert.throws(() => registry.add(mine({ name: "euler" }), { source: "./my.ts" }), {
    name: "ConfigError",
    message: './my.ts: Expected a new name but there is a scheduler "euler" already (built in)',
  });
  registry.add(mine({ name: "psnr" }), { source: "./my.ts" });
  assert.equal(registry.get("scheduler", "psnr").name, "psnr");
  assert.equal(registry.get("metric", "psnr").kind, "metric");
});

Deno.test("wrong options are a ConfigError with plugin, path and expectation", () => {
  const choose = (options: unknown) => () =>
    builtinRegistry().choose("scheduler", { name: "ddim", options: options as Record<string, unknown> });
  const message = (text: RegExp) => ({ name: "ConfigError", message: text });
  assert.throws(choose({ eta: 2 }), message(/^scheduler ddim: "eta": Expected a number of at most 1 but found 2$/));
  assert.throws(choose({ eat: 1 }), message(/^scheduler ddim: "eat": there is no such setting; did you mean "eta"\?$/));
  assert.throws(choose({ eta: "much" }), message(/^scheduler ddim: "eta": Expected a number but found "much"$/));
  assert.throws(() => builtinRegistry().choose("scheduler", { name: "euler", options: { eta: 1 } }), {
    message: 'scheduler euler: "eta": there is no such setting; it has none',
  });
  assert.deepEqual(builtinRegistry().choose("scheduler", "ddim").options, { eta: 0 });
});

Deno.test("keys that reach for a prototype are refused, however deep", () => {
  for (const text of ['{"__proto__": {"eta": 1}}', '{"eta": {"constructor": 1}}', '{"a": [{"prototype": 1}]}']) {
    const options = JSON.parse(text);
    assert.throws(() => builtinRegistry().choose("scheduler", { name: "ddim", options }), {
      name: "ConfigError",
      message: /there is no such setting$/,
    });
  }
});

Deno.test("what is no plugin is a PluginError that says what was expected", () => {
  const refuses = (plugin: unknown, message: RegExp) =>
    assert.throws(() => new Registry().add(plugin, { source: "./my.ts" }), { name: "PluginError", message });
  refuses(undefined, /^\.\/my\.ts: Expected a default export made by defineScheduler\(\) or one of its kin$/);
  refuses(
    mine({ kind: "sampler" }),
    /Expected the default export to have a kind of textEncoder, .* but found "sampler"$/,
  );
  for (const name of ["Mine", "my_sampler", "", "__proto__", "a".repeat(65), 7]) {
    refuses(mine({ name }), /"name" to be small letters/);
  }
  refuses(mine({ summary: "two\nlines" }), /"summary" to be one line/);
  refuses(mine({ create: 1 }), /"create" to be a function/);
  refuses(mine({ options: { eta: 1 } }), /"options" to be a zod object/);
});

Deno.test("a plugin that throws while its part is made, or makes no part, is named", async () => {
  const fails = async (create: unknown, error: object) => {
    const registry = new Registry([mine({ create }) as unknown as Plugin]);
    await assert.rejects(registry.choose("scheduler", "mine").create(context), error);
  };
  await fails(() => {
    throw new TypeError("x is not a function");
  }, { name: "PluginError", message: "scheduler mine: x is not a function" });
  await fails(() => Promise.reject("later"), { name: "PluginError", message: "scheduler mine: later" });
  await fails(() => ({ stpe: 1 }), {
    name: "PluginError",
    message: "scheduler mine: Expected create() to return an object with step()",
  });
  await fails(() => undefined, { name: "PluginError" });
});
