import assert from "node:assert/strict";
import fc from "fast-check";
import { isObject, NumberLiteral, parseStrictJson } from "./strict_json.ts";

/** The same value with ordinary prototypes, to compare it with what `JSON.parse` gives. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  assert(!(value instanceof Object));
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
}

/** What this parser refuses beyond `JSON.parse`. */
const stricter =
  /found ".*" again|no key "__proto__"|no key "prototype"|lone surrogate|range of float64|levels of nesting/;

function attempt<T>(action: () => T): { value: T } | { error: Error } {
  try {
    return { value: action() };
  } catch (error) {
    assert(error instanceof SyntaxError);
    return { error };
  }
}

function agrees(text: string): boolean {
  const found = attempt(() => parseStrictJson(text));
  const expected = attempt(() => JSON.parse(text));
  if ("value" in found) {
    assert("value" in expected, `only parseStrictJson() accepts ${text}`);
    assert.deepEqual(plain(found.value), expected.value);
  } else if ("value" in expected) {
    assert.match(found.error.message, stricter);
  }
  return "value" in found;
}

Deno.test("parseStrictJson() gives the values of JSON.parse() for random JSON", () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 6 }), fc.boolean(), (text, pretty) => {
      const shown = pretty ? JSON.stringify(JSON.parse(text), null, "\t") : text;
      const accepted = agrees(shown);
      assert(accepted || /"__proto__"|"constructor"/.test(shown) || !shown.isWellFormed() || /\\ud[89a-f]/.test(shown));
    }),
    { seed: 1, numRuns: 2000 },
  );
});

Deno.test("parseStrictJson() accepts no damaged text that JSON.parse() rejects", () => {
  const damage = fc.tuple(fc.nat(), fc.nat(3), fc.constantFrom(...'{}[]",:\\ue-+.09 \n\ttrfalsn\u0000é😀\ud800', ""));
  let accepted = 0;
  let rejected = 0;
  fc.assert(
    fc.property(fc.json({ maxDepth: 4 }), fc.array(damage, { minLength: 1, maxLength: 3 }), (json, damages) => {
      let text = json;
      for (const [at, cut, put] of damages) {
        const from = at % (text.length + 1);
        text = text.slice(0, from) + put + text.slice(from + cut);
      }
      agrees(text) ? accepted++ : rejected++;
    }),
    { seed: 2, numRuns: 10_000 },
  );
  assert(accepted > 500 && rejected > 500, `${accepted} accepted, ${rejected} rejected`);
});

Deno.test("parseStrictJson() agrees with JSON.parse() on texts of few characters", () => {
  const text = fc.string({ unit: fc.constantFrom(...'{}[]",:\\u0e-+.1 \n'), maxLength: 8 });
  fc.assert(fc.property(text, (text) => void agrees(text)), { seed: 3, numRuns: 20_000 });
});

Deno.test("parseStrictJson() agrees with JSON.parse() on every form of number", () => {
  const numbers =
    "0 -0 1 -1 01 -01 1. .1 1.5 1e5 1E+5 1e-5 1e 1e+ 0e0 00 - +1 0x1 NaN Infinity 1_0 9007199254740993 1e-400 0e999";
  for (const text of numbers.split(" ")) agrees(text);
  assert.throws(() => parseStrictJson("1e400"), /^SyntaxError: Expected a number within the range of float64/);
});

Deno.test("parseStrictJson() rejects a key that occurs twice, however it is written", () => {
  assert.throws(() => parseStrictJson('{"a": 1, "b": {"a": 2}, "a": 3}'), {
    name: "SyntaxError",
    message: 'Expected each key once but found "a" again at line 1, column 25',
  });
  assert.throws(() => parseStrictJson('{"a": 1, "\\u0061": 1}'), /found "a" again/);
  assert.throws(() => parseStrictJson('[{"": 1,\n "": 1}]'), /found "" again at line 2, column 2/);
});

Deno.test("parseStrictJson() pollutes nothing and refuses __proto__ and constructor.prototype", () => {
  for (
    const text of [
      '{"__proto__": {"polluted": true}}',
      '{"a": {"\\u005f_proto__": {"polluted": true}}}',
      '{"constructor": {"prototype": {"polluted": true}}}',
    ]
  ) assert.throws(() => parseStrictJson(text), /^SyntaxError: Expected no key/, text);
  const value = parseStrictJson('{"constructor": 1, "toString": 2, "prototype": {"x": 3}, "hasOwnProperty": 4}');
  assert(isObject(value));
  assert.equal(value.constructor, 1);
  assert.equal(value.valueOf, undefined);
  assert.equal(({} as Record<string, unknown>).polluted, undefined);
});

Deno.test("parseStrictJson() bounds nesting, so that no depth overflows the stack", () => {
  assert.equal(JSON.stringify(parseStrictJson("[".repeat(127) + "]".repeat(127))).length, 254);
  assert.throws(() => parseStrictJson("[".repeat(128) + "]".repeat(128)), /Expected at most 127 levels of nesting/);
  assert.throws(() => parseStrictJson("[".repeat(1_000_000)), /Expected at most 127 levels/);
  assert.throws(() => parseStrictJson('{"a":'.repeat(1_000_000)), /Expected at most 127 levels/);
  assert.throws(() => parseStrictJson("[[]]", { maxDepth: 1 }), /Expected at most 1 levels/);
  const siblings = parseStrictJson(`[${"[],".repeat(1000)}[]]`);
  assert(Array.isArray(siblings) && siblings.length === 1001);
});

Deno.test("parseStrictJson() bounds the number of objects, arrays and keys", () => {
  assert.throws(
    () => parseStrictJson("[{},[],{}]", { maxItems: 3 }),
    /Expected at most 3 objects and arrays at line 1, column 8/,
  );
  assert.throws(() => parseStrictJson('{"a":1,"b":2,"c":3}', { maxItems: 2 }), /Expected at most 2 keys in an object/);
  assert.equal(JSON.stringify(parseStrictJson('{"a":[],"b":{}}', { maxItems: 3 })), '{"a":[],"b":{}}');
});

Deno.test("parseStrictJson() rejects bytes that are not UTF-8, byte order marks and lone surrogates", () => {
  const encode = (text: string) => new TextEncoder().encode(text);
  assert.equal(parseStrictJson(encode('"é😀\\ud83d\\ude00"')), "é😀😀");
  for (
    const bytes of [[0x22, 0xff, 0x22], [0x22, 0xc0, 0x80, 0x22], [0x22, 0xed, 0xa0, 0x80, 0x22], [0x22, 0xe2, 0x82]]
  ) {
    assert.throws(() => parseStrictJson(Uint8Array.from(bytes)), /^SyntaxError: Expected UTF-8/);
  }
  assert.throws(() => parseStrictJson(encode("\ufeff{}")), /Expected a value but found "\\ufeff"/);
  for (const text of ['"\\ud800"', '"\\udc00\\ud800"', '"\\ud83d"', '"\\ud83d\ude00"', '"\ud800"']) {
    assert.throws(() => parseStrictJson(text), /lone surrogate/, text);
  }
});

Deno.test("parseStrictJson() keeps the text of numbers that are no exact integers when asked", () => {
  const source = "[0, 12, 9007199254740991, -3, 4.0, 4e0, -0, 9007199254740993, 18446744073709551616]";
  const value = parseStrictJson(source, { exactIntegers: true });
  assert(Array.isArray(value));
  assert.deepEqual(value.slice(0, 4), [0, 12, 9007199254740991, -3]);
  const rest = value.slice(4);
  assert(rest.every((item) => item instanceof NumberLiteral));
  assert.deepEqual(rest.map(String), ["4.0", "4e0", "-0", "9007199254740993", "18446744073709551616"]);
});

Deno.test("parseStrictJson() says what it expected, what it found and where", () => {
  for (
    const [text, message] of [
      ["", "Expected a value but found the end at line 1, column 1"],
      ["{", "Expected a key but found the end at line 1, column 2"],
      ['{"a" 1}', 'Expected ":" but found "1" at line 1, column 6'],
      ['{"a": 1,\n}', 'Expected a key but found "}" at line 2, column 1'],
      ["[1 2]", 'Expected "," or "]" but found "2" at line 1, column 4'],
      ["{} {}", 'Expected the end but found "{" at line 1, column 4'],
      ['"a\nb"', 'Expected the end of a string but found "\\u000a" at line 1, column 3'],
      ['"a', "Expected the end of a string but found the end at line 1, column 3"],
      ['"\\x"', "Expected a string with the escape sequences of JSON at line 1, column 1"],
      ['[\n"\\u00g0"]', "Expected a string with the escape sequences of JSON at line 2, column 1"],
      ['"a\\', "Expected the end of a string but found the end at line 1, column 4"],
      ["nul", 'Expected a value but found "n" at line 1, column 1'],
    ] as const
  ) assert.throws(() => parseStrictJson(text), { name: "SyntaxError", message });
});
