/**
 * JSON with comments and trailing commas, as configurations are written.
 * @module
 */
import { findNodeAtLocation, type Node, type ParseError, parseTree, printParseErrorCode } from "jsonc-parser";
import { ConfigError } from "../errors.ts";

const options = { allowTrailingComma: true };

function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split("\n").length;
}

/**
 * Reads an object.
 *
 * @throws {ConfigError} naming file and line, where the text is none, a key comes twice or is one that objects have themselves
 */
export function readJsonc(text: string, { file }: { file: string }): Record<string, unknown> {
  const fail = (offset: number, what: string) => new ConfigError(`${file} line ${lineAt(text, offset)}: ${what}`);
  const errors: ParseError[] = [];
  const root = parsed(text, errors, file);
  const [error] = errors;
  if (error) throw fail(error.offset, words(printParseErrorCode(error.error)));
  if (root?.type !== "object") throw fail(root?.offset ?? 0, "Expected an object { … }");
  return valueOf(root, fail) as Record<string, unknown>;
}

function parsed(text: string, errors: ParseError[], file: string): Node | undefined {
  try {
    return parseTree(text, errors, options);
  } catch (cause) {
    // The parser calls itself for each level.
    if (!(cause instanceof RangeError)) throw cause;
    throw new ConfigError(`${file}: it is nested too deeply`, { cause });
  }
}

/** `CloseBraceExpected` as "close brace expected". */
function words(code: string): string {
  return code.replace(/(?<=[a-z])[A-Z]/g, (letter) => ` ${letter}`).toLowerCase();
}

function valueOf(node: Node, fail: (offset: number, what: string) => ConfigError): unknown {
  const { type, children = [] } = node;
  if (type === "array") return children.map((child) => valueOf(child, fail));
  if (type !== "object") return node.value;
  const object: Record<string, unknown> = {};
  for (const { offset, children: [name, value] = [] } of children) {
    const key = name!.value as string;
    if (key in Object.prototype) throw fail(offset, `"${key}" is no name for a setting`);
    if (Object.hasOwn(object, key)) throw fail(offset, `"${key}" is there twice`);
    object[key] = valueOf(value!, fail);
  }
  return object;
}

/** Line of a value, counted from 1; that of the innermost object that is there where the value itself is not. */
export function lineOf(text: string, path: readonly PropertyKey[]): number | undefined {
  const root = parseTree(text, [], options);
  if (!root) return undefined;
  const keys = path.map((key) => typeof key === "number" ? key : String(key));
  for (let depth = keys.length; depth > 0; depth--) {
    const node = findNodeAtLocation(root, keys.slice(0, depth));
    if (node) return lineAt(text, node.offset);
  }
  return undefined;
}
