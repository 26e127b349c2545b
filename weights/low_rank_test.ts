import assert from "node:assert/strict";
import { streamNormal } from "../tensor/random/stream_normal.ts";
import { approximate, type Matrix } from "./low_rank.ts";

const noise = (step: number, count: number) => streamNormal({ seed: 5, image: 0, stage: 0, step }, count);

/** Σ σᵢ·uᵢ·vᵢᵀ with nearly orthogonal random directions made exactly so. */
function withSingularValues(rows: number, columns: number, sigmas: readonly number[]): Matrix {
  const directions = (length: number, step: number) => {
    const vectors: Float64Array[] = [];
    for (let i = 0; i < sigmas.length; i++) {
      const vector = Float64Array.from(noise(step + i, length));
      for (const other of vectors) {
        const part = vector.reduce((sum, value, j) => sum + value * other[j]!, 0);
        other.forEach((value, j) => vector[j]! -= part * value);
      }
      const size = Math.hypot(...vector);
      vectors.push(vector.map((value) => value / size));
    }
    return vectors;
  };
  const [u, v] = [directions(rows, 0), directions(columns, 100)];
  const data = new Float64Array(rows * columns);
  sigmas.forEach((sigma, s) => {
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < columns; j++) data[i * columns + j]! += sigma * u[s]![i]! * v[s]![j]!;
    }
  });
  return { rows, columns, data };
}

/** ‖A − up·down‖ in the Frobenius norm. */
function distance({ rows, columns, data }: Matrix, rank: number): number {
  const { up, down } = approximate({ rows, columns, data }, { rank });
  let sum = 0;
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      let value = data[i * columns + j]!;
      for (let r = 0; r < rank; r++) value -= up[i * rank + r]! * down[r * columns + j]!;
      sum += value ** 2;
    }
  }
  return Math.sqrt(sum);
}

Deno.test("approximate() leaves exactly what the smaller singular values hold (Eckart–Young)", () => {
  const matrix = withSingularValues(40, 24, [10, 5, 2, 1, 0.5]);
  for (const [rank, left] of [[1, Math.hypot(5, 2, 1, 0.5)], [3, Math.hypot(1, 0.5)], [5, 0]] as const) {
    assert(Math.abs(distance(matrix, rank) - left) < 1e-5, `rank ${rank}`);
  }
  const { singular } = approximate(matrix, { rank: 4 });
  [10, 5, 2, 1].forEach((sigma, i) => assert(Math.abs(singular[i]! - sigma) < 1e-9));
});

Deno.test("approximate() is the best one for a matrix of full rank too", () => {
  const sigmas = Array.from({ length: 20 }, (_, i) => 2 ** -i);
  const matrix = withSingularValues(20, 31, sigmas);
  const left = Math.hypot(...sigmas.slice(4));
  assert(Math.abs(distance(matrix, 4) / left - 1) < 1e-4);
});

Deno.test("approximate() fills what a matrix of lower rank or size does not need with zeros", () => {
  const { up, down, singular } = approximate({ rows: 2, columns: 3, data: [1, 2, 3, 2, 4, 6] }, { rank: 4 });
  assert.deepEqual([up.length, down.length, singular.length], [8, 12, 2]);
  assert(Math.abs(up[0]! * down[0]! - 1) < 1e-6);
  assert([...up].filter((_, i) => i % 4 > 0).every((value) => value === 0));
  const nothing = approximate({ rows: 2, columns: 2, data: [0, 0, 0, 0] }, { rank: 1 });
  assert.deepEqual([...nothing.up, ...nothing.down], [0, 0, 0, 0]);
});
