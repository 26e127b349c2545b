/**
 * A JSON parser for files from strangers: what `JSON.parse` hides or bends is an error here.
 * @module
 */

import { quote } from "./quote.ts";

/** Any JSON value; objects have no prototype, so a key of theirs never meets `Object.prototype`. */
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
  /** Give every number that is not written as a plain integer within ±(2⁵³−1) as a {@linkcode NumberLiteral}. */
  exactIntegers?: boolean;
}

/**
 * Parses JSON (RFC 8259) given as text or as UTF-8 bytes.
 *
 * It accepts nothing that `JSON.parse` rejects, and gives the same values. It rejects on top of that: a key that occurs twice
 * in one object (after its escapes are resolved), the key `__proto__`, a `constructor` that holds a `prototype`, bytes that are
 * not UTF-8, lone surrogates, numbers beyond the range of float64, and nesting deeper than `maxDepth`.
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
const fourHex = /^[0-9a-fA-F]{4}$/;
const escapes: Record<string, string> = {
  '"': '"',
  "\\": "\\",
  "/": "/",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
};

class Parser {
  readonly #text: string;
  readonly #maxDepth: number;
  readonly #exactIntegers: boolean;
  #at = 0;
  #depth = 0;

  constructor(text: string, { maxDepth = 127, exactIntegers = false }: StrictJsonOptions) {
    this.#text = text;
    this.#maxDepth = maxDepth;
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
    const object: JsonObject = Object.create(null);
    this.#enter();
    if (this.#take("}")) return this.#leave(object);
    do {
      const at = this.#at;
      if (this.#text[at] !== '"') throw this.#expected("a key");
      const key = this.#string();
      if (key === "__proto__") throw this.#error(`Expected no key "__proto__"`, at);
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
    this.#at++;
    this.#skipSpace();
  }

  #leave<T>(value: T): T {
    this.#depth--;
    return value;
  }

  #string(): string {
    const text = this.#text;
    const start = this.#at;
    let from = ++this.#at;
    let value = "";
    let escapedSurrogate = false;
    for (;;) {
      const code = text.charCodeAt(this.#at);
      if (code === quotationMark) break;
      if (code === backslash) {
        value += text.slice(from, this.#at);
        const character = this.#escape();
        escapedSurrogate ||= character >= "\ud800" && character <= "\udfff";
        value += character;
        from = this.#at;
      } else if (code < space || Number.isNaN(code)) {
        throw this.#expected("the end of a string");
      } else {
        this.#at++;
      }
    }
    value += text.slice(from, this.#at++);
    if (escapedSurrogate && !value.isWellFormed()) throw this.#error("Expected no lone surrogate in a string", start);
    return value;
  }

  #escape(): string {
    const letter = this.#text[this.#at + 1] ?? "";
    if (letter === "u") {
      const hex = this.#text.slice(this.#at + 2, this.#at + 6);
      if (!fourHex.test(hex)) throw this.#error("Expected four hexadecimal digits after \\u");
      this.#at += 6;
      return String.fromCharCode(parseInt(hex, 16));
    }
    const character = Object.hasOwn(escapes, letter) ? escapes[letter] : undefined;
    if (character === undefined) throw this.#error("Expected an escape sequence of JSON");
    this.#at += 2;
    return character;
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
    return new SyntaxError(`${message} at line ${line}, column ${at - before.lastIndexOf("\n")}`);
  }
}

/** Whether a value is an object: no array, no null, no number literal. */
export function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof NumberLiteral);
}
