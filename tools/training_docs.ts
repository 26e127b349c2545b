/**
 * Writes the list of settings into docs/training.md, out of the schema of a training's configuration.
 *
 * Run with `deno task training-docs`.
 * @module
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { phaseNames } from "../train/config.ts";
import type { JsonSchema } from "../config/json_schema.ts";
import { trainingConfigSchema } from "../train/config_json_schema.ts";
import { betweenMarks } from "./markdown.ts";

const file = join(fileURLToPath(new URL("..", import.meta.url)), "docs", "training.md");

/** What the list stands between. */
export const marks = ["<!-- settings: deno task training-docs -->", "<!-- end of settings -->"] as const;

/** A setting with its path, and those inside it. */
function* linesOf(path: string, schema: JsonSchema, isRequired = false): Generator<string> {
  const facts = [kindOf(schema), ...(isRequired ? ["required"] : []), ...defaultOf(schema)].filter((text) =>
    text !== ""
  );
  yield `- \`${path}\`${facts.length > 0 ? ` (${facts.join("; ")})` : ""}${
    schema.description ? `: ${schema.description}` : ""
  }`;
  yield* insideOf(path, schema);
}

function* insideOf(path: string, schema: JsonSchema): Generator<string> {
  const prefix = path === "" ? "" : `${path}.`;
  for (const [name, inner] of Object.entries(schema.properties ?? {})) {
    yield* linesOf(`${prefix}${name}`, inner, schema.required?.includes(name));
  }
  const variants = [...schema.oneOf ?? [], ...schema.anyOf ?? []].filter(({ properties }) => properties);
  for (const { properties = {}, required } of variants) {
    const [tag, { const: value } = {}] = Object.entries(properties).find(([, { const: value }]) =>
      value !== undefined
    ) ??
      [];
    const of = tag === undefined ? "" : ` with \`${tag}\` ${JSON.stringify(value)}`;
    for (const [name, inner] of Object.entries(properties)) {
      if (name === tag) continue;
      for (const line of linesOf(`${prefix}${name}`, inner, required?.includes(name))) {
        yield line.replace(/^(- `[^`]+`)/, `$1${of}`);
      }
    }
  }
}

function kindOf(schema: JsonSchema): string {
  const { type, enum: values, const: value, anyOf, oneOf, items } = schema;
  if (value !== undefined) return JSON.stringify(value);
  if (values) return values.map((each) => JSON.stringify(each)).join(", ");
  const all = anyOf ?? oneOf;
  if (all) {
    const tags = all.map(({ properties = {} }) =>
      Object.entries(properties).find(([, inner]) => inner.const !== undefined)
    );
    const [first] = tags;
    if (first && tags.every((tag) => tag?.[0] === first[0])) {
      return `\`${first[0]}\` ${tags.map((tag) => JSON.stringify(tag![1].const)).join(" or ")}`;
    }
    return all.map(kindOf).join(" or ");
  }
  switch (type) {
    case "integer":
    case "number":
      return `${type === "integer" ? "whole number" : "number"}${rangeOf(schema)}`;
    case "string":
      return "text";
    case "boolean":
      return "true or false";
    case "array":
      return `list of ${items ? kindOf(items) : "values"}`;
    case "object":
      return schema.properties ? "object" : "object of any keys";
    default:
      return "";
  }
}

function rangeOf({ type, minimum, exclusiveMinimum, maximum }: JsonSchema): string {
  const least = type === "integer" && exclusiveMinimum === 0 ? 1 : minimum;
  const from = least !== undefined
    ? ` from ${least}`
    : exclusiveMinimum !== undefined
    ? ` above ${exclusiveMinimum}`
    : "";
  return `${from}${maximum === undefined ? "" : ` to ${maximum}`}`;
}

function defaultOf(schema: JsonSchema): string[] {
  const { default: value } = schema;
  if (value === undefined) return [];
  const text = JSON.stringify(value);
  return text === "{}" ? [] : [`default ${text.length > 100 ? "see the schema" : text}`];
}

/** Settings of the phases, those of several phases once: lines without the name of their phase. */
function phaseSections(phases: Readonly<Record<string, JsonSchema>>): string[] {
  const users = new Map<string, string[]>();
  for (const [name, schema] of Object.entries(phases)) {
    for (const line of insideOf("", schema)) users.set(line, [...users.get(line) ?? [], name]);
  }
  const sections = new Map<string, string[]>();
  for (const [line, names] of users) {
    const title = names.map((name) => `\`${name}\``).join(", ").replace(/, (?=[^,]*$)/, " and ");
    sections.set(title, [...sections.get(title) ?? [], line]);
  }
  const descriptions = Object.entries(phases).map(([name, { description = "" }]) => `- \`${name}\`: ${description}`);
  const titles = [...sections].map(([title, lines]) => [`#### ${title}`, "", ...lines].join("\n"));
  return [["### The phases", "", ...descriptions].join("\n"), ...titles];
}

/** The list, a section for each part of a configuration. */
export function settingsList(schema: JsonSchema = trainingConfigSchema()): string {
  const { properties = {}, required } = schema;
  const isPhase = (name: string) => (phaseNames as readonly string[]).includes(name);
  const parts = Object.entries(properties).filter(([name, inner]) => inner.properties && !isPhase(name));
  const loose = Object.entries(properties).filter(([, inner]) => !inner.properties);
  return [
    ...parts.filter(([name]) => name === "data" || name === "model").map(partSection),
    ...phaseSections(Object.fromEntries(Object.entries(properties).filter(([name]) => isPhase(name)))),
    ...parts.filter(([name]) => name !== "data" && name !== "model").map(partSection),
    ["### The rest", "", ...loose.flatMap(([name, inner]) => [...linesOf(name, inner, required?.includes(name))])].join(
      "\n",
    ),
  ].join("\n\n");
}

function partSection([name, schema]: [string, JsonSchema]): string {
  return [`### \`${name}\``, "", schema.description ?? "", "", ...insideOf(name, schema)].join("\n");
}

if (import.meta.main) {
  await Deno.writeTextFile(file, betweenMarks(await Deno.readTextFile(file), settingsList(), marks));
}
