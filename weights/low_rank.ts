/**
 * The best approximation of a matrix by one of low rank: the first terms of its singular value decomposition.
 *
 * Randomised subspace iteration (https://arxiv.org/abs/0909.4061, algorithms 4.4 and 5.1): a random subspace is multiplied by the
 * matrix and its transpose a few times, which turns it to the largest singular values; in it the decomposition is a small one.
 * @module
 */
import { streamNormal } from "../tensor/random/stream_normal.ts";

/** Columns of the random subspace beyond the rank, and rounds of turning it. */
const oversampling = 8;
const rounds = 4;

/** Rounds of Jacobi's method; it is done after six or seven. */
const maxSweeps = 30;

/** A matrix in row-major order. */
export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly data: ArrayLike<number>;
}

/** A ≈ up·down, the singular values shared evenly by both. */
export interface LowRank {
  /** [rows, rank] */
  readonly up: Float32Array<ArrayBuffer>;
  /** [rank, columns] */
  readonly down: Float32Array<ArrayBuffer>;
  /** The singular values that were kept, the largest first. */
  readonly singular: readonly number[];
}

/** A·X for X [columns, k]: [rows, k]. */
function multiply({ rows, columns, data }: Matrix, x: Float64Array, k: number): Float64Array {
  const y = new Float64Array(rows * k);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      const a = data[i * columns + j]!;
      if (a === 0) continue;
      for (let c = 0; c < k; c++) y[i * k + c]! += a * x[j * k + c]!;
    }
  }
  return y;
}

/** Aᵀ·X for X [rows, k]: [columns, k]. */
function multiplyTransposed({ rows, columns, data }: Matrix, x: Float64Array, k: number): Float64Array {
  const y = new Float64Array(columns * k);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      const a = data[i * columns + j]!;
      if (a === 0) continue;
      for (let c = 0; c < k; c++) y[j * k + c]! += a * x[i * k + c]!;
    }
  }
  return y;
}

/** Makes the k columns orthonormal (Gram–Schmidt, twice); a column that depends on those before becomes zero. */
function orthonormalise(x: Float64Array, k: number): Float64Array {
  const rows = x.length / k;
  const dot = (a: number, b: number) => {
    let sum = 0;
    for (let i = 0; i < rows; i++) sum += x[i * k + a]! * x[i * k + b]!;
    return sum;
  };
  for (let c = 0; c < k; c++) {
    const before = Math.sqrt(dot(c, c));
    for (let pass = 0; pass < 2; pass++) {
      for (let p = 0; p < c; p++) {
        const part = dot(p, c);
        for (let i = 0; i < rows; i++) x[i * k + c]! -= part * x[i * k + p]!;
      }
    }
    const length = Math.sqrt(dot(c, c));
    const scale = length > 1e-12 * before ? 1 / length : 0;
    for (let i = 0; i < rows; i++) x[i * k + c]! *= scale;
  }
  return x;
}

/** Eigenvalues of a symmetric matrix [k, k], the largest first, and the eigenvectors as columns (Jacobi's method). */
function eigen(matrix: Float64Array, k: number): { values: number[]; vectors: Float64Array; order: number[] } {
  const a = matrix.slice();
  const v = new Float64Array(k * k);
  for (let i = 0; i < k; i++) v[i * k + i] = 1;
  const rotate = (m: Float64Array, [p, q]: readonly [number, number], [c, s]: readonly [number, number]) => {
    const [x, y] = [m[p]!, m[q]!];
    m[p] = c * x - s * y;
    m[q] = s * x + c * y;
  };
  for (let sweep = 0; sweep < maxSweeps; sweep++) {
    let off = 0;
    let all = 0;
    for (let i = 0; i < k; i++) {
      for (let j = 0; j < k; j++) {
        all += a[i * k + j]! ** 2;
        if (i !== j) off += a[i * k + j]! ** 2;
      }
    }
    if (off <= 1e-30 * all) break;
    for (let p = 0; p < k; p++) {
      for (let q = p + 1; q < k; q++) {
        const pivot = a[p * k + q]!;
        if (pivot === 0) continue;
        const angle = 0.5 * Math.atan2(2 * pivot, a[q * k + q]! - a[p * k + p]!);
        const turn = [Math.cos(angle), Math.sin(angle)] as const;
        for (let i = 0; i < k; i++) rotate(a, [i * k + p, i * k + q], turn);
        for (let i = 0; i < k; i++) rotate(a, [p * k + i, q * k + i], turn);
        for (let i = 0; i < k; i++) rotate(v, [i * k + p, i * k + q], turn);
      }
    }
  }
  const order = Array.from({ length: k }, (_, i) => i).sort((i, j) => a[j * k + j]! - a[i * k + i]!);
  return { values: order.map((i) => Math.max(0, a[i * k + i]!)), vectors: v, order };
}

/**
 * Approximates a matrix by up·down of rank `rank`; where the matrix has a lower one, the rest of both is zero.
 *
 * The result is the same on every machine for the same matrix: the subspace begins with noise of a fixed seed.
 */
export function approximate(matrix: Matrix, { rank }: { rank: number }): LowRank {
  const { rows, columns } = matrix;
  const k = Math.min(rank + oversampling, rows, columns);
  const noise = Float64Array.from(streamNormal({ seed: 0, image: 0, stage: 0, step: 0 }, columns * k));
  let q = orthonormalise(multiply(matrix, noise, k), k);
  for (let round = 0; round < rounds; round++) {
    q = orthonormalise(multiply(matrix, orthonormalise(multiplyTransposed(matrix, q, k), k), k), k);
  }
  // bᵀ = Aᵀ·Q [columns, k]; the eigenvectors of b·bᵀ are its left singular vectors.
  const b = multiplyTransposed(matrix, q, k);
  const gram = multiplyTransposed({ rows: columns, columns: k, data: b }, b, k);
  const { values, vectors, order } = eigen(gram, k);
  const kept = Math.min(rank, k);
  const singular = values.slice(0, kept).map(Math.sqrt);
  const up = new Float32Array(rows * rank);
  const down = new Float32Array(rank * columns);
  for (let r = 0; r < kept; r++) {
    const sigma = singular[r]!;
    if (!(sigma > 1e-12 * singular[0]!)) continue;
    const root = Math.sqrt(sigma);
    const column = order[r]!;
    const along = (x: Float64Array, i: number) => {
      let sum = 0;
      for (let c = 0; c < k; c++) sum += x[i * k + c]! * vectors[c * k + column]!;
      return sum;
    };
    for (let i = 0; i < rows; i++) up[i * rank + r] = root * along(q, i);
    for (let j = 0; j < columns; j++) down[r * columns + j] = along(b, j) / root;
  }
  return { up, down, singular };
}
