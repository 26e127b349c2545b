/**
 * What is wrong with a setting, in a sentence.
 * @module
 */
import type { z } from "zod";
import type { JsonSchema } from "./json_schema.ts";
import { nearestName } from "./nearest_name.ts";

type Issue = z.core.$ZodIssue;

/**
 * Explains an issue of a configuration: `"stageA.stpes": there is no such setting; did you mean "steps"?`.
 *
 * @param json the configuration as it was given
 * @param options.schema what it should be, to name settings that there are
 */
export function explainIssue(issue: Issue, json: unknown, { schema }: { schema: JsonSchema }): string {
  const { path } = issue;
  if (issue.code === "unrecognized_keys") return unknownSetting([...path, issue.keys[0]!], { schema });
  if (issue.code === "invalid_union" && issue.errors.length > 0) return explainUnion(issue, json, { schema });
  const found = at(json, path);
  if (found === undefined && issue.code !== "custom") return `"${path.join(".")}" is missing: ${expected(issue)}`;
  const name = path.length === 0 ? "" : `"${path.join(".")}": `;
  if (issue.code === "custom" || issue.code === "invalid_format") return `${name}${issue.message}`;
  return `${name}${expected(issue)} but found ${shown(found)}${suggestion(issue, found)}`;
}

/** A key that the settings of its object do not have, with the one that may have been meant. */
export function unknownSetting(path: readonly PropertyKey[], { schema }: { schema: JsonSchema }): string {
  const keys = path.map(String);
  const known = namesAt(schema, keys.slice(0, -1));
  const near = nearestName(keys.at(-1)!, known);
  const hint = near !== undefined
    ? `; did you mean "${near}"?`
    : known.length > 0 && known.length <= 20
    ? `; there are ${known.join(", ")}`
    : "";
  return `"${keys.join(".")}": there is no such setting${hint}`;
}

/** The alternative that got furthest speaks for all. */
function explainUnion(
  issue: Extract<Issue, { code: "invalid_union" }>,
  json: unknown,
  { schema }: { schema: JsonSchema },
): string {
  const firsts = issue.errors.map((errors) => errors[0]!).map((first) => ({
    ...first,
    path: [...issue.path, ...first.path],
  }));
  const isOfType = ({ code, path }: { code: string; path: PropertyKey[] }) =>
    code !== "invalid_type" || path.length > issue.path.length;
  const best = firsts.find(isOfType);
  if (best) return explainIssue(best as Issue, json, { schema });
  const kinds = firsts.map((first) => expected(first as Issue).replace(/^Expected /, ""));
  return `"${issue.path.join(".")}": Expected ${kinds.join(" or ")} but found ${shown(at(json, issue.path))}`;
}

const types: Readonly<Record<string, string>> = {
  number: "a number",
  int: "a whole number",
  string: "text",
  boolean: "true or false",
  object: "an object { … }",
  record: "an object { … }",
  array: "a list [ … ]",
};

function expected(issue: Issue): string {
  switch (issue.code) {
    case "invalid_type":
      return `Expected ${types[issue.expected] ?? issue.expected}`;
    case "too_small":
      return `Expected ${amount(issue.origin)} ${issue.inclusive ? "of at least" : "greater than"} ${issue.minimum}`;
    case "too_big":
      return `Expected ${amount(issue.origin)} ${issue.inclusive ? "of at most" : "less than"} ${issue.maximum}`;
    case "invalid_value":
      return `Expected ${issue.values.length > 1 ? "one of " : ""}${
        issue.values.map((v) => JSON.stringify(v)).join(", ")
      }`;
    case "invalid_union":
      return `Expected one of ${(issue as { options?: unknown[] }).options?.map((v) => JSON.stringify(v)).join(", ")}`;
    default:
      return `Expected another value (${issue.message})`;
  }
}

/** What is counted: a number itself, the letters of a text, or the entries of a list. */
function amount(origin: string): string {
  return origin === "string" ? "a length" : origin === "array" ? "a number of entries" : "a number";
}

function suggestion(issue: Issue, found: unknown): string {
  const values = issue.code === "invalid_value" ? issue.values : (issue as { options?: unknown[] }).options ?? [];
  const near = typeof found === "string" ? nearestName(found, values.map(String)) : undefined;
  return near === undefined ? "" : `; did you mean "${near}"?`;
}

function at(json: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((value, key) => (value as Record<PropertyKey, unknown> | undefined)?.[key], json);
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}

/** Names of the settings of an object, all alternatives together. */
function namesAt(schema: JsonSchema, path: readonly string[]): string[] {
  const alternatives = [schema, ...schema.anyOf ?? [], ...schema.oneOf ?? []];
  const [key, ...rest] = path;
  if (key === undefined) return [...new Set(alternatives.flatMap(({ properties = {} }) => Object.keys(properties)))];
  return [
    ...new Set(alternatives.flatMap(({ properties = {} }) => properties[key] ? namesAt(properties[key], rest) : [])),
  ];
}
