/**
 * A JSON parser for files from strangers: what `JSON.parse` hides or bends is an error here.
 * @module
 */

import { quote } from "./quote.ts";

/** Any JSON value; objects inherit nothing, so a key of theirs never meets `Object.prototype`. */
export type JsonValue = null | boolean | number | string | JsonValue[] | JsonObject | NumberLiteral;

/** A JSON object. */
export interface JsonObject {
  [key: string]: JsonValue;
}

/** A number as it is written, where a JavaScript number would hide that it is no exact integer: `4.0`, `-0`, `9007199254740993`. */
export class NumberLiteral {
  constructor(readonly text: string) {}

  toString(): string {
    return this.text;
  }
}

/** Options of {@linkcode parseStrictJson}. */
export interface StrictJsonOptions {
  /** How many arrays and objects may lie inside each other; 127, the limit of serde_json and so of safetensors, unless told. */
  maxDepth?: number;
  /**
   * How many arrays and objects there may be in all, and how many keys in one object; 4,000,000 unless told: enough for every real
   * file, and few enough that 100 MB of `{},{},…` cannot fill the memory.
   */
  maxItems?: number;
  /** Give every number that is not written as a plain integer within ±(2⁵³−1) as a {@linkcode NumberLiteral}. */
  exactIntegers?: boolean;
}

/**
 * Parses JSON (RFC 8259) given as text or as UTF-8 bytes.
 *
 * It accepts nothing that `JSON.parse` rejects, and gives the same values. It rejects on top of that: a key that occurs twice
 * in one object (after its escapes are resolved), the key `__proto__`, a `constructor` that holds a `prototype`, bytes that are
 * not UTF-8, lone surrogates, numbers beyond the range of float64, nesting deeper than `maxDepth`, and more items than
 * `maxItems`.
 *
 * @throws {SyntaxError} naming line and column, where the bytes are UTF-8 at all
 */
export function parseStrictJson(source: string | Uint8Array, options: StrictJsonOptions = {}): JsonValue {
  return new Parser(typeof source === "string" ? source : decode(source), options).parse();
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new SyntaxError("Expected UTF-8 but found other bytes", { cause });
  }
}

const quotationMark = 0x22;
const backslash = 0x5c;
const space = 0x20;
const number = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const integer = /^-?[0-9]+$/;

/** Makes objects that inherit nothing at all. (Those of `Object.create(null)` are hash tables: 214 bytes for 3 keys, not 67.) */
const Bare = function () {} as unknown as { new (): JsonObject };
Bare.prototype = Object.freeze(Object.create(null));

class Parser {
  readonly #text: string;
  readonly #maxDepth: number;
  readonly #maxItems: number;
  readonly #exactIntegers: boolean;
  #at = 0;
  #depth = 0;
  #containers = 0;

  constructor(text: string, { maxDepth = 127, maxItems = 4_000_000, exactIntegers = false }: StrictJsonOptions) {
    this.#text = text;
    this.#maxDepth = maxDepth;
    this.#maxItems = maxItems;
    this.#exactIntegers = exactIntegers;
  }

  parse(): JsonValue {
    if (!this.#text.isWellFormed()) throw new SyntaxError("Expected Unicode but found a lone surrogate");
    this.#skipSpace();
    const value = this.#value();
    this.#skipSpace();
    if (this.#at < this.#text.length) throw this.#expected("the end");
    return value;
  }

  #value(): JsonValue {
    switch (this.#text[this.#at]) {
      case "{":
        return this.#object();
      case "[":
        return this.#array();
      case '"':
        return this.#string();
      case "t":
        return this.#word("true", true);
      case "f":
        return this.#word("false", false);
      case "n":
        return this.#word("null", null);
      default:
        return this.#number();
    }
  }

  #object(): JsonObject {
    const object = new Bare();
    let keys = 0;
    this.#enter();
    if (this.#take("}")) return this.#leave(object);
    do {
      const at = this.#at;
      if (this.#text[at] !== '"') throw this.#expected("a key");
      const key = this.#string();
      if (key === "__proto__") throw this.#error(`Expected no key "__proto__"`, at);
      if (++keys > this.#maxItems) throw this.#error(`Expected at most ${this.#maxItems} keys in an object`, at);
      if (key in object) throw this.#error(`Expected each key once but found ${quote(key)} again`, at);
      this.#skipSpace();
      if (!this.#take(":")) throw this.#expected('":"');
      const value = this.#value();
      if (key === "constructor" && isObject(value) && "prototype" in value) {
        throw this.#error(`Expected no key "prototype" in "constructor"`, at);
      }
      object[key] = value;
      this.#skipSpace();
    } while (this.#take(","));
    if (!this.#take("}")) throw this.#expected('"," or "}"');
    return this.#leave(object);
  }

  #array(): JsonValue[] {
    const array: JsonValue[] = [];
    this.#enter();
    if (this.#take("]")) return this.#leave(array);
    do {
      array.push(this.#value());
      this.#skipSpace();
    } while (this.#take(","));
    if (!this.#take("]")) throw this.#expected('"," or "]"');
    return this.#leave(array);
  }

  #enter(): void {
    if (++this.#depth > this.#maxDepth) throw this.#error(`Expected at most ${this.#maxDepth} levels of nesting`);
    if (++this.#containers > this.#maxItems) throw this.#error(`Expected at most ${this.#maxItems} objects and arrays`);
    this.#at++;
    this.#skipSpace();
  }

  #leave<T>(value: T): T {
    this.#depth--;
    return value;
  }

  #string(): string {
    const text = this.#text;
    const start = this.#at++;
    let escaped = false;
    for (;;) {
      const code = text.charCodeAt(this.#at);
      if (code === quotationMark) break;
      if (code < space || Number.isNaN(code)) throw this.#expected("the end of a string");
      escaped ||= code === backslash;
      this.#at += code === backslash ? 2 : 1;
    }
    this.#at++;
    if (!escaped) return text.slice(start + 1, this.#at - 1);
    const value = this.#unescape(text.slice(start, this.#at), start);
    if (!value.isWellFormed()) throw this.#error("Expected no lone surrogate in a string", start);
    return value;
  }

  #unescape(literal: string, start: number): string {
    try {
      return JSON.parse(literal);
    } catch {
      throw this.#error("Expected a string with the escape sequences of JSON", start);
    }
  }

  #number(): number | NumberLiteral {
    number.lastIndex = this.#at;
    const literal = number.exec(this.#text)?.[0];
    if (literal === undefined) throw this.#expected("a value");
    const value = Number(literal);
    if (!Number.isFinite(value)) throw this.#error("Expected a number within the range of float64");
    this.#at += literal.length;
    if (!this.#exactIntegers) return value;
    const exact = integer.test(literal) && Number.isSafeInteger(value) && literal !== "-0";
    return exact ? value : new NumberLiteral(literal);
  }

  #word<T>(word: string, value: T): T {
    if (!this.#text.startsWith(word, this.#at)) throw this.#expected("a value");
    this.#at += word.length;
    return value;
  }

  /** Passes `character` and the space after it, if it comes next. */
  #take(character: string): boolean {
    if (this.#text[this.#at] !== character) return false;
    this.#at++;
    this.#skipSpace();
    return true;
  }

  #skipSpace(): void {
    for (;;) {
      const code = this.#text.charCodeAt(this.#at);
      if (code !== space && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
      this.#at++;
    }
  }

  #expected(wanted: string): SyntaxError {
    const character = this.#text.codePointAt(this.#at);
    const found = character === undefined ? "the end" : quote(String.fromCodePoint(character));
    return this.#error(`Expected ${wanted} but found ${found}`);
  }

  #error(message: string, at = this.#at): SyntaxError {
    const before = this.#text.slice(0, at);
    const line = before.split("\n").length;
    return new SyntaxError(`${message} at line ${line}, column ${before.length - before.lastIndexOf("\n")}`);
  }
}

/** Whether a value is an object: no array, no null, no number literal. */
export function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof NumberLiteral);
}
