/**
 * YAML 1.2, as configurations are written.
 * @module
 */
import { Alias, LineCounter, type Node, parseDocument, Scalar, YAMLMap, YAMLSeq } from "yaml";
import { ConfigError } from "../errors.ts";
import type { SettingsText } from "./read_settings.ts";

/** Values that a text may come to, those of aliases counted each time. */
const maxValues = 100_000;

/** Longest text: the parser takes a second or more for a quarter of a million characters. */
const maxLength = 1 << 18;

/** Objects and lists inside each other. */
const maxDepth = 100;

/**
 * Reads an object.
 *
 * @throws {ConfigError} naming file and line, where the text is none, a key comes twice or is one that objects have themselves, a value has
 * a tag of its own, or aliases multiply without end
 */
export function readYaml(text: string, { file }: { file: string }): SettingsText {
  if (text.length > maxLength) {
    throw new ConfigError(
      `${file}: Expected at most ${maxLength} characters of YAML but found ${text.length}: write it as JSON`,
    );
  }
  const lineCounter = new LineCounter();
  const document = parsed(text, { file, lineCounter });
  const lineAt = (node: unknown) => {
    const offset = (node as Node | undefined)?.range?.[0];
    return offset === undefined ? undefined : lineCounter.linePos(offset).line;
  };
  const fail = (node: unknown, what: string) => new ConfigError(`${file} line ${lineAt(node) ?? 1}: ${what}`);
  const [error] = [...document.errors, ...document.warnings];
  if (error) {
    const [what] = error.message.split(/ at line |:?\n/);
    // The parser catches some of its own overflows.
    if (what!.includes("call stack")) throw new ConfigError(`${file}: it is nested too deeply`, { cause: error });
    throw new ConfigError(`${file} line ${error.linePos?.[0].line ?? 1}: ${what}`);
  }
  if (!(document.contents instanceof YAMLMap)) throw fail(document.contents, "Expected keys with values");
  const json = new Converter(fail).convert(document.contents, { depth: 0, isAliased: false });
  const lineOf = (path: readonly PropertyKey[]) => {
    for (let depth = path.length; depth > 0; depth--) {
      const line = lineAt(
        document.getIn(path.slice(0, depth).map((key) => typeof key === "number" ? key : String(key)), true),
      );
      if (line !== undefined) return line;
    }
    return undefined;
  };
  return { json: json as Record<string, unknown>, lineOf };
}

function parsed(text: string, { file, lineCounter }: { file: string; lineCounter: LineCounter }) {
  try {
    // Keys are compared here: the parser compares each with each.
    return parseDocument(text, { lineCounter, uniqueKeys: false, prettyErrors: true });
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new ConfigError(`${file}: it is nested too deeply`, { cause });
  }
}

interface Place {
  readonly depth: number;
  /** Inside of what an alias repeats. */
  readonly isAliased: boolean;
}

/** Turns nodes into values. */
class Converter {
  readonly #fail: (node: unknown, what: string) => ConfigError;
  readonly #anchors = new Map<string, unknown>();
  #values = 0;

  constructor(fail: (node: unknown, what: string) => ConfigError) {
    this.#fail = fail;
  }

  convert(node: unknown, { depth, isAliased }: Place): unknown {
    if (++this.#values > maxValues) {
      throw this.#fail(node, `Expected at most ${maxValues} values but aliases make more of them`);
    }
    if (depth > maxDepth) throw this.#fail(node, "it is nested too deeply");
    if (node instanceof Alias) {
      if (!this.#anchors.has(node.source)) throw this.#fail(node, `there is no anchor &${node.source} above`);
      return this.convert(this.#anchors.get(node.source), { depth: depth + 1, isAliased: true });
    }
    const { anchor } = (node ?? {}) as { anchor?: string };
    if (anchor !== undefined && !isAliased) this.#anchors.set(anchor, node);
    const inside = { depth: depth + 1, isAliased };
    if (node instanceof YAMLSeq) return node.items.map((item) => this.convert(item, inside));
    if (node instanceof YAMLMap) return this.#object(node, inside);
    return node instanceof Scalar ? this.#scalar(node) : null;
  }

  #object({ items }: YAMLMap, inside: Place): Record<string, unknown> {
    const object: Record<string, unknown> = {};
    for (const { key: name, value } of items) {
      const key = name instanceof Scalar ? String(name.value) : undefined;
      if (key === undefined) throw this.#fail(name, "Expected text as a key");
      if (key in Object.prototype) throw this.#fail(name, `"${key}" is no name for a setting`);
      if (Object.hasOwn(object, key)) throw this.#fail(name, `"${key}" is there twice`);
      object[key] = this.convert(value, inside);
    }
    return object;
  }

  #scalar(node: Scalar): unknown {
    const { value } = node;
    if (value === null || ["string", "number", "boolean"].includes(typeof value)) return value;
    throw this.#fail(node, `Expected text, a number, true or false but found ${String(node.source ?? value)}`);
  }
}
