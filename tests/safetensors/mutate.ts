/**
 * Damaged safetensors files for the comparison with the reference reader: a seed and a number name each of them.
 * @module
 */

/** Returns file `index` of the sequence `seed`: a small valid file with one to three kinds of damage (one in 64 has none). */
export function mutant(seed: number, index: number): Uint8Array {
  const random = new Random(seed, index);
  let { header, data } = random.pick(originals);
  const edits = index % 64 === 0 ? 0 : 1 + random.below(3);
  for (let i = 0; i < edits; i++) {
    if (random.below(4) > 0) header = random.pick(headerEdits)(header, random);
    else data = damageBytes(data, random);
  }
  // The length is set after the edits, so that most of them are not found out by it.
  if (random.below(4) > 0) header = header.padEnd(Math.ceil(header.length / 8) * 8, " ");
  const encoded = new TextEncoder().encode(header);
  const file = new Uint8Array(8 + encoded.byteLength + data.byteLength);
  new DataView(file.buffer).setBigUint64(0, BigInt(encoded.byteLength), true);
  file.set(encoded, 8);
  file.set(data, 8 + encoded.byteLength);
  return edits > 0 && random.below(4) === 0 ? damageBytes(file, random) : file;
}

/** Splitmix32 of a seed and a stream number: https://doi.org/10.1145/2660193.2660195, with 32-bit constants. */
class Random {
  #state: number;

  constructor(seed: number, stream: number) {
    this.#state = (Math.imul(seed, 0x9e3779b1) ^ Math.imul(stream + 1, 0x85ebca6b)) | 0;
  }

  next(): number {
    this.#state = (this.#state + 0x9e3779b9) | 0;
    let z = this.#state;
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
    return (z ^ (z >>> 16)) >>> 0;
  }

  below(bound: number): number {
    return this.next() % bound;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }
}

/** A valid file in two parts. */
interface Original {
  header: string;
  data: Uint8Array;
}

function original(header: string, bytes: number): Original {
  return { header, data: Uint8Array.from({ length: bytes }, (_, i) => i) };
}

const originals: readonly Original[] = [
  original(`{}`, 0),
  original(`{"a":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]}}`, 16),
  original(
    `{"__metadata__":{"format":"pt"},"w":{"dtype":"F16","shape":[3],"data_offsets":[0,6]},"b":{"dtype":"BF16","shape":[],"data_offsets":[6,8]}}`,
    8,
  ),
  original(
    `{"b":{"dtype":"U8","shape":[1],"data_offsets":[1,2]},"a":{"dtype":"BOOL","shape":[1,1],"data_offsets":[0,1]},"é😀":{"dtype":"I64","shape":[0,5],"data_offsets":[2,2]}}`,
    2,
  ),
  original(
    `{"__metadata__":null,"x":{"dtype":"F8_E4M3","shape":[2],"data_offsets":[0,2],"note":{"deep":[1.5,true,{"n":null}]}},"y":{"dtype":"F4","shape":[4],"data_offsets":[2,4]}}`,
    4,
  ),
  original(
    `{\n "\\u0061\\\\\\n": {"shape": [1, 2], "data_offsets": [0, 16], "dtype": "F64"},\n "i": {"dtype": "I32", "shape": [1], "data_offsets": [16, 20]}\n}\n`,
    20,
  ),
  original(
    `{"c":{"dtype":"C64","shape":[1],"data_offsets":[0,8]},"z":{"dtype":"U64","shape":[1],"data_offsets":[8,16]},"s":{"dtype":"I16","shape":[2],"data_offsets":[16,20]},"t":{"dtype":"U16","shape":[0],"data_offsets":[20,20]},"e":{"dtype":"I8","shape":[2],"data_offsets":[20,22]}}`,
    22,
  ),
];

type HeaderEdit = (header: string, random: Random) => string;

const token = /"(?:[^"\\]|\\.)*"|-?[0-9][0-9.eE+-]*|[a-z]+|[{}[\],:]|\s+/g;
const number = /-?[0-9][0-9.eE+-]*/g;
const quoted = /"(?:[^"\\]|\\.)*"/g;
const names =
  `BOOL F4 F6_E2M3 F6_E3M2 U8 I8 F8_E5M2 F8_E4M3 F8_E8M0 F8_E4M3FNUZ F8_E5M2FNUZ I16 U16 F16 BF16 I32 U32 F32 C64 F64
  I64 U64 f32 F33 a b w dtype shape data_offsets __metadata__ __proto__ constructor prototype`.split(/\s+/);
const numbers =
  `0 1 2 3 4 6 8 16 20 -0 -1 1.0 4e0 0.5 1e400 1e-400 01 1. 9007199254740991 9007199254740992 9007199254740993
  18446744073709551615 18446744073709551616 4294967296 123456789012345678901234567890`.split(/\s+/);
const spaces = [" ", "\n", "\t", "\r", "  ", "\f", "\u00a0", "\0"];
const values = ["null", "true", "{}", "[]", `"x"`, `""`, "0", "[0]", `{"a":"b"}`, `{"a":1}`, `{"F32":null}`, `"F32"`];
const escapes = ["\\u0041", "\\ud83d\\ude00", "\\ud800", "\\n", "\\x", "\\/", "\\u00e", '\\"', "\u001f", "\u007f", "é"];

const headerEdits: readonly HeaderEdit[] = [
  (header, random) => replaceOne(header, number, () => random.pick(numbers), random),
  (header, random) => replaceOne(header, number, (digits) => `${Number(digits) + random.below(5) - 2}`, random),
  (header, random) => replaceOne(header, quoted, () => `"${random.pick(names)}"`, random),
  (header, random) => replaceOne(header, quoted, (text) => insert(text, random.pick(escapes), random), random),
  (header, random) => replaceOne(header, quoted, escapeOne(random), random),
  (header, random) => replaceOne(header, token, () => random.pick(values), random),
  (header, random) => replaceOne(header, token, () => "", random),
  (header, random) => replaceOne(header, token, (text) => text + text, random),
  (header, random) => replaceOne(header, token, (text) => random.pick(spaces) + text, random),
  (header, random) => replaceOne(header, token, (text) => text + random.pick(spaces), random),
  (header, random) => replaceOne(header, /\]|\}/g, (text) => `,${random.pick(values)}${text}`, random),
  (header, random) => replaceOne(header, /\}/g, () => `,"${random.pick(names)}":${random.pick(values)}}`, random),
  (header, random) => replaceOne(header, /\}/g, () => `,"n":${nested(100 + random.below(60))}}`, random),
  repeatEntry,
  swapTokens,
];

/** Replaces one match of `pattern`, chosen at random. */
function replaceOne(text: string, pattern: RegExp, to: (match: string) => string, random: Random): string {
  const matches = [...text.matchAll(pattern)];
  if (matches.length === 0) return text;
  const { 0: match, index } = random.pick(matches);
  return text.slice(0, index) + to(match) + text.slice(index + match.length);
}

function insert(text: string, piece: string, random: Random): string {
  const at = 1 + random.below(text.length - 1);
  return text.slice(0, at) + piece + text.slice(at);
}

/** Writes one character of a string as its escape sequence, which changes nothing for a reader. */
function escapeOne(random: Random): (text: string) => string {
  return (text) => {
    if (text.length < 3) return text;
    const at = 1 + random.below(text.length - 2);
    const code = text.charCodeAt(at).toString(16).padStart(4, "0");
    return `${text.slice(0, at)}\\u${random.below(2) > 0 ? code : code.toUpperCase()}${text.slice(at + 1)}`;
  };
}

function nested(depth: number): string {
  return "[".repeat(depth) + "]".repeat(depth);
}

/** Copies one member of an object to its end or to another object's. */
function repeatEntry(header: string, random: Random): string {
  const members = header.match(/"(?:[^"\\]|\\.)*":\s*(?:\{[^{}]*\}|\[[^[\]]*\]|"[^"]*"|null)/g);
  if (members === null) return header;
  const member = random.pick(members);
  return random.below(2) > 0
    ? header.replace(/\}\s*$/, () => `,${member}}`)
    : replaceOne(header, /\}/g, () => `,${member}}`, random);
}

function swapTokens(header: string, random: Random): string {
  const tokens = header.match(token) ?? [];
  if (tokens.length < 2) return header;
  const a = random.below(tokens.length);
  const sameKind = tokens.flatMap((text, i) => text[0] === tokens[a]![0] ? [i] : []);
  const b = random.below(2) > 0 ? random.pick(sameKind) : random.below(tokens.length);
  [tokens[a], tokens[b]] = [tokens[b]!, tokens[a]!];
  return tokens.join("");
}

/** Sets, cuts, doubles, adds or removes bytes anywhere, the 8 bytes of length included. */
function damageBytes(bytes: Uint8Array, random: Random): Uint8Array {
  const at = random.below(bytes.byteLength + 1);
  const before = bytes.subarray(0, at);
  const after = bytes.subarray(at);
  switch (random.below(6)) {
    case 0:
      return before.slice();
    case 1:
      return joined(bytes, Uint8Array.of(...bytes.subarray(0, random.below(9))));
    case 2:
      return joined(before, Uint8Array.of(random.pick([0, 0x20, 0x7b, 0x7f, 0x80, 0xc0, 0xed, 0xf4, 0xff])), after);
    case 3:
      return joined(before, after.subarray(1 + random.below(3)));
    case 4:
      return joined(before, Uint8Array.of(random.below(256)), after.subarray(1));
    default: {
      const changed = bytes.slice();
      const low = random.below(Math.min(10, bytes.byteLength + 1));
      if (low < changed.length) changed[low]! ^= 1 << random.below(8);
      return changed;
    }
  }
}

function joined(...parts: Uint8Array[]): Uint8Array {
  return new Uint8Array(parts.flatMap((part) => [...part]));
}
