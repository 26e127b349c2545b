/**
 * Weights that a formula makes, so that a network of full size needs no file (`tests/fixtures/compressor/README.md`).
 * @module
 */
import { readFileSync } from "node:fs";
import { sizeOf, type Tensor, tensor } from "../tensor/tensor.ts";

/** A `formula.json`. */
export interface Formula {
  salt: number;
  /** Of some tensors, to check the formula itself. */
  check_values: Record<string, { fnv1a: number; first: number[]; last: number; sum_float64: number }>;
  /** [shape, base, amp] by key. */
  table: Record<string, [shape: number[], base: number, amp: number]>;
}

/** Reads a formula (path relative to `tests/fixtures/compressor`). */
export function readFormula(path: string): Formula {
  return JSON.parse(readFileSync(new URL(`./fixtures/compressor/${path}`, import.meta.url), "utf8"));
}

/** FNV-1a, 32 bits (http://www.isthe.com/chongo/tech/comp/fnv/). */
export function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

/** base + amp·u for each element, with u in −1…1 from a hash of the key and the element's index. */
function fill(key: string, { salt, table }: Formula): Tensor<"float32"> {
  const [shape, base, amp] = table[key]!;
  const data = new Float32Array(sizeOf(shape));
  let seed = fnv1a(key) + salt;
  for (let i = 0; i < data.length; i++, seed += 0x9e3779b9) {
    let h = seed |= 0;
    h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
    h ^= h >>> 16;
    data[i] = base + amp * ((h >>> 0) / 2 ** 31 - 1);
  }
  return tensor("float32", shape, data);
}

/** All tensors of a formula by key. */
export function formulaWeights(formula: Formula): Record<string, Tensor<"float32">> {
  return Object.fromEntries(Object.keys(formula.table).map((key) => [key, fill(key, formula)]));
}
