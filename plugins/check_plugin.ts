import { PluginError } from "../errors.ts";
import { quote } from "../weights/quote.ts";
import type { Plugin } from "./define.ts";
import { isKind, kindNames } from "./kinds.ts";

const namePattern = /^[a-z0-9]+(-[a-z0-9]+)*$/;

/**
 * Checks that a value is a plugin: JavaScript brings anything.
 *
 * @param options.source where it was found, for errors
 * @throws {PluginError} naming what is wrong and what was expected
 */
export function checkPlugin(value: unknown, { source }: { source: string }): asserts value is Plugin {
  const fail = (wanted: string): never => {
    throw new PluginError(`${source}: Expected ${wanted}`);
  };
  if (typeof value !== "object" || value === null) {
    fail("a default export made by defineScheduler() or one of its kin");
  }
  const { kind, name, summary, options, create, classes } = value as Record<string, unknown>;
  if (!isKind(kind)) {
    const found = kind === undefined ? "none" : typeof kind === "string" ? quote(kind) : typeof kind;
    fail(`the default export to have a kind of ${kindNames.join(", ")} but found ${found}`);
  }
  if (typeof name !== "string" || !namePattern.test(name) || name.length > 64) {
    fail(`"name" to be small letters, digits and hyphens, at most 64`);
  }
  if (typeof summary !== "string" || summary === "" || /[\r\n]/.test(summary)) fail(`"summary" to be one line of text`);
  if (typeof create !== "function") fail(`"create" to be a function`);
  if (options !== undefined && !isSchemaOfObject(options)) {
    fail(`"options" to be a zod object, such as z.strictObject({ … })`);
  }
  if (classes !== undefined && !(Array.isArray(classes) && classes.every((item) => typeof item === "string"))) {
    fail(`"classes" to be a list of texts`);
  }
}

/** Whether a value is a zod object: of any copy of zod 4, since a plugin may bring its own. */
function isSchemaOfObject(value: unknown): boolean {
  const { safeParse, _zod } = value as { safeParse?: unknown; _zod?: { def?: { type?: unknown } } } ?? {};
  return typeof safeParse === "function" && _zod?.def?.type === "object";
}
