/**
 * Conformance suites: they tell the author of a plugin in words what is wrong with it. Every built-in plugin passes them too.
 *
 * Each registers tests by `test(name, fn)`: `Deno.test` where left out, or the `test` of any other runner.
 * @module
 */
import { jsonSchemaOf } from "../config/json_schema.ts";
import { checkPlugin } from "./check_plugin.ts";
import type { Kind, Plugin } from "./define.ts";
import { kinds } from "./kinds.ts";

/** Registers a test. */
export type RegisterTest = (name: string, fn: () => void | Promise<void>) => void;

/** What every suite takes. */
export interface SuiteOptions {
  /** Options to make the part with; the defaults where left out. */
  readonly options?: Readonly<Record<string, unknown>>;
  /** Registers a test; `Deno.test` where left out. */
  readonly test?: RegisterTest;
}

/** Fails a test with a sentence. */
export function expect(holds: unknown, sentence: string): asserts holds {
  if (!holds) throw new Error(sentence);
}

/**
 * Tests what all kinds have in common: name, summary, options that have defaults or are told, documentation of each option.
 *
 * @throws {Error} in a test, with what is wrong
 */
export function testPlugin<K extends Kind>(
  plugin: Plugin<K>,
  { options = {}, test = Deno.test }: SuiteOptions & { readonly kind?: K } = {},
): void {
  const title = `${kinds[plugin.kind]?.words ?? "plugin"} ${plugin.name}`;
  test(`${title} is a plugin`, () => checkPlugin(plugin, { source: plugin.name }));
  test(`${title} says what it does in a line that begins small and ends without a full stop`, () => {
    expect(
      plugin.summary.length <= 160,
      `"summary" has ${plugin.summary.length} characters: at most 160 fit beside its name`,
    );
    expect(!plugin.summary.endsWith("."), `"summary" ends with a full stop: leave it out, as in all lists`);
  });
  if (plugin.options === undefined) return;
  const schema = plugin.options;
  test(`${title} describes each option`, () => {
    for (const [name, { description }] of Object.entries(jsonSchemaOf(schema).properties ?? {})) {
      expect(
        description,
        `option "${name}" has no description: add .describe("…"), from which its flag's help is made`,
      );
    }
  });
  test(`${title} refuses an option that it does not have`, () => {
    const { success } = schema.safeParse({ ...options, noSuchOption: 1 });
    expect(!success, `an unknown option is taken silently: make "options" a z.strictObject({ … })`);
  });
  test(`${title} takes its options`, () => {
    const { success, error } = schema.safeParse(options);
    expect(success, `its options ${JSON.stringify(options)} are refused: ${error?.issues[0]?.message}`);
  });
}

/** The part that a plugin makes for tests. */
export async function makePart<K extends Kind>(
  plugin: Plugin<K>,
  { options = {}, context }: { options?: unknown; context: Parameters<Plugin<K>["create"]>[1] },
): Promise<Awaited<ReturnType<Plugin<K>["create"]>>> {
  const part = await plugin.create(plugin.options ? plugin.options.parse(options) : {}, context);
  const { words, methods } = kinds[plugin.kind];
  const has = (method: string) => typeof (part as unknown as Record<string, unknown>)?.[method] === "function";
  expect(
    methods.some(has),
    `create() of the ${words} returns nothing with ${methods.map((method) => `${method}()`).join(" or ")}`,
  );
  return part as Awaited<ReturnType<Plugin<K>["create"]>>;
}

export { type SchedulerSuiteOptions, testScheduler } from "./testing/test_scheduler.ts";
export { type PriorSuiteOptions, testPrior } from "./testing/test_prior.ts";
export { testMetric } from "./testing/test_metric.ts";
export { testPostprocessor } from "./testing/test_postprocessor.ts";
export { testRuntime } from "./testing/test_runtime.ts";
