/**
 * Reads the golden fixtures and compares tensors with them, for tests only.
 *
 * A case folder holds `manifest.json` (what it is, and name, shape, dtype, role and tolerance of each tensor) and one or more
 * safetensors files. `tests/fixtures/wuerstchen/README.md` explains both.
 * @module
 */

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { type DType, type Tensor, tensorFromBytes } from "../tensor/tensor.ts";

const root = new URL("./fixtures/wuerstchen/", import.meta.url);

/** How far float32 results may lie from a stored value; see the fixtures' README. */
export interface FixtureTolerance {
  max_abs_value: number;
  fp64_max_abs_dev: number;
  fp64_rms_dev: number;
  recommended_atol: number;
}

/** One line of a manifest's list of tensors. */
export interface FixtureTensor {
  file: string;
  name: string;
  shape: number[];
  dtype: string;
  role: "input" | "output" | "intermediate" | "noise" | "weight";
  meaning: string;
  tolerance?: FixtureTolerance;
}

/** A manifest; the fields beyond `tensors` differ from case to case (`config`, `args`, `weights`, `calls` …). */
export interface FixtureManifest {
  tensors: FixtureTensor[];
  // deno-lint-ignore no-explicit-any -- free-form JSON, each test knows its own case
  [field: string]: any;
}

/** A case: its manifest and every tensor of its files by name. */
export interface Fixture {
  manifest: FixtureManifest;
  tensors: Record<string, Tensor>;
  /** Returns a tensor by name, or fails with the names that there are. */
  tensor<D extends DType = "float32">(name: string): Tensor<D>;
  /** `recommended_atol` of a tensor; fails where the manifest gives none. */
  atol(name: string): number;
}

const dtypes: Record<string, DType> = {
  F64: "float64",
  F32: "float32",
  F16: "float16",
  BF16: "bfloat16",
  I64: "int64",
  I32: "int32",
  I16: "int16",
  I8: "int8",
  U64: "uint64",
  U32: "uint32",
  U16: "uint16",
  U8: "uint8",
  BOOL: "bool",
};

/** Reads all tensors of one safetensors file whose content is trusted (path relative to `tests/fixtures/wuerstchen`). */
export function readFixtureTensors(path: string): Record<string, Tensor> {
  const bytes = new Uint8Array(readFileSync(new URL(path, root)));
  const headerBytes = Number(new DataView(bytes.buffer).getBigUint64(0, true));
  const header: Record<string, { dtype: string; shape: number[]; data_offsets: [number, number] }> = JSON.parse(
    new TextDecoder().decode(bytes.subarray(8, 8 + headerBytes)),
  );
  delete header.__metadata__;
  const tensors: Record<string, Tensor> = {};
  for (const [name, { dtype, shape, data_offsets: [from, to] }] of Object.entries(header)) {
    const known = dtypes[dtype];
    assert(known !== undefined, `${path}: ${name} has the unknown dtype ${dtype}`);
    tensors[name] = tensorFromBytes(known, shape, bytes.subarray(8 + headerBytes + from, 8 + headerBytes + to));
  }
  return tensors;
}

/**
 * Reads a case: `manifest.json`, `tensors.safetensors` and every other safetensors file that its manifest names.
 *
 * `weights.safetensors` of the module cases is not among them, read it with {@linkcode readFixtureTensors}.
 *
 * @param caseFolder relative to `tests/fixtures/wuerstchen`, such as `"scheduler/N4_scaler1.0"`
 */
export function readFixture(caseFolder: string): Fixture {
  const folder = `${caseFolder}/`;
  const manifest: FixtureManifest = JSON.parse(readFileSync(new URL(`${folder}manifest.json`, root), "utf8"));
  const files = new Set((manifest.tensors ?? []).map(({ file }) => file));
  if (existsSync(new URL(`${folder}tensors.safetensors`, root))) files.add("tensors.safetensors");
  const tensors: Record<string, Tensor> = {};
  for (const file of files) {
    for (const [name, value] of Object.entries(readFixtureTensors(folder + file))) {
      assert(!(name in tensors), `${caseFolder}: ${name} is in two files`);
      tensors[name] = value;
    }
  }
  return {
    manifest,
    tensors,
    tensor<D extends DType>(name: string): Tensor<D> {
      const found = tensors[name];
      assert(found !== undefined, `${caseFolder} has no ${name}, only ${Object.keys(tensors).join(", ")}`);
      return found as Tensor<D>;
    },
    atol(name) {
      const tolerance = manifest.tensors.find((entry) => entry.name === name)?.tolerance;
      assert(tolerance !== undefined, `${caseFolder} gives no tolerance for ${name}`);
      return tolerance.recommended_atol;
    },
  };
}

/** Values to compare: a tensor, or plain numbers. A `bfloat16` tensor is read as the numbers that its bits mean. */
export type Comparable = Tensor | ArrayLike<number> | ArrayLike<bigint>;

/**
 * Fails unless every element of `actual` lies within `atol` of `expected`, naming the worst element, its index and both values.
 *
 * NaN equals nothing but NaN. Two tensors must also have the same shape.
 */
export function assertClose(actual: Comparable, expected: Comparable, atol: number, name: string): void {
  if ("shape" in actual && "shape" in expected) assert.deepEqual(actual.shape, expected.shape, `${name}: shape`);
  const found = numbers(actual);
  const wanted = numbers(expected);
  assert.equal(found.length, wanted.length, `${name}: number of elements`);
  let worst = -1;
  let worstBy = atol;
  for (let i = 0; i < wanted.length; i++) {
    const a = found[i]!;
    const b = wanted[i]!;
    if (Object.is(a, b) || a === b) continue;
    const by = Number.isNaN(a - b) ? Infinity : Math.abs(a - b);
    if (by > worstBy) [worst, worstBy] = [i, by];
  }
  if (worst < 0) return;
  const at = "shape" in expected ? `[${unravel(worst, expected.shape).join(", ")}]` : `${worst}`;
  assert.fail(`${name}: element ${at} is ${found[worst]} and not ${wanted[worst]}: off by ${worstBy}, allowed ${atol}`);
}

function numbers(values: Comparable): ArrayLike<number> {
  if (!("shape" in values)) {
    return typeof values[0] === "bigint" ? Array.from(values, Number) : values as ArrayLike<number>;
  }
  if (values.dtype !== "bfloat16") return numbers(values.data);
  const bits = Uint32Array.from(values.data as Uint16Array, (half) => half << 16);
  return new Float32Array(bits.buffer);
}

function unravel(index: number, shape: readonly number[]): number[] {
  const position: number[] = [];
  let rest = index;
  for (const dim of shape.toReversed()) {
    position.unshift(rest % dim);
    rest = Math.floor(rest / dim);
  }
  return position;
}
