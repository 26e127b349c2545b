/**
 * How far apart two sets of points lie, as normal distributions.
 * @module
 */
import type { Tensor } from "../../tensor/tensor.ts";

/** A matrix in float64, row by row. */
interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly data: Float64Array;
}

/**
 * The Fréchet distance of Heusel et al. 2017 (https://arxiv.org/abs/1706.08500, equation 6) between the normal distributions that have
 * the means and covariances of two sets: ‖μ₁ − μ₂‖² + tr(Σ₁ + Σ₂ − 2(Σ₁Σ₂)^½).
 *
 * With Σ = FᵀF, the trace of (Σ₁Σ₂)^½ is the sum of the singular values of F₁F₂ᵀ, which needs no square root of a matrix and stays exact
 * where there are fewer points than numbers in each.
 *
 * @param one [points, width]
 * @param other [points, width]
 * @throws {RangeError} where a set has fewer than two points, or they are not equally wide
 */
export function frechetDistance(one: Tensor<"float32">, other: Tensor<"float32">): number {
  for (const { shape } of [one, other]) {
    if (shape.length !== 2 || shape[0]! < 2) throw new RangeError(`Expected at least 2 points but found ${shape[0]}`);
  }
  if (one.shape[1] !== other.shape[1]) {
    throw new RangeError(`Expected points of ${one.shape[1]} numbers each but found ${other.shape[1]}`);
  }
  const [a, b] = [spread(one), spread(other)];
  const means = a.mean.reduce((sum, value, i) => sum + (value - b.mean[i]!) ** 2, 0);
  const shared = sumOfSingularValues(timesTransposed(a.factor, b.factor));
  // Of equal sets the rounding errors would leave a distance below zero.
  return Math.max(0, means + squares(a.factor) + squares(b.factor) - 2 * shared);
}

/** Mean of points, and a factor F of their covariance FᵀF with at most as many rows as columns. */
function spread({ data, shape }: Tensor<"float32">): { mean: Float64Array; factor: Matrix } {
  const [rows, columns] = shape as [number, number];
  const mean = new Float64Array(columns);
  data.forEach((value, i) => mean[i % columns]! += value / rows);
  const scale = 1 / Math.sqrt(rows - 1);
  const centred = Float64Array.from(data, (value, i) => (value - mean[i % columns]!) * scale);
  const factor = { rows, columns, data: centred };
  return { mean, factor: rows > columns ? triangle(factor) : factor };
}

/** R of the QR decomposition by Householder's reflections: RᵀR = XᵀX (Golub & Van Loan, Matrix Computations, algorithm 5.2.1). */
function triangle({ rows, columns, data: x }: Matrix): Matrix {
  const v = new Float64Array(rows);
  for (let k = 0; k < columns; k++) {
    let norm = 0;
    for (let i = k; i < rows; i++) norm += x[i * columns + k]! ** 2;
    const head = x[k * columns + k]!;
    const alpha = head > 0 ? -Math.sqrt(norm) : Math.sqrt(norm);
    const square = 2 * (norm - alpha * head);
    if (square === 0) continue;
    for (let i = k; i < rows; i++) v[i] = x[i * columns + k]! - (i === k ? alpha : 0);
    for (let j = k; j < columns; j++) {
      let dot = 0;
      for (let i = k; i < rows; i++) dot += v[i]! * x[i * columns + j]!;
      const factor = 2 * dot / square;
      for (let i = k; i < rows; i++) x[i * columns + j]! -= factor * v[i]!;
    }
  }
  const upper = x.slice(0, columns * columns);
  return { rows: columns, columns, data: upper.map((value, i) => i % columns < Math.floor(i / columns) ? 0 : value) };
}

function squares({ data }: Matrix): number {
  return data.reduce((sum, value) => sum + value * value, 0);
}

/** A·Bᵀ, with at least as many rows as columns. */
function timesTransposed(a: Matrix, b: Matrix): Matrix {
  const [tall, flat] = a.rows >= b.rows ? [a, b] : [b, a];
  const data = new Float64Array(tall.rows * flat.rows);
  const { columns: width } = tall;
  for (let i = 0; i < tall.rows; i++) {
    for (let j = 0; j < flat.rows; j++) {
      let sum = 0;
      for (let k = 0; k < width; k++) sum += tall.data[i * width + k]! * flat.data[j * width + k]!;
      data[i * flat.rows + j] = sum;
    }
  }
  return { rows: tall.rows, columns: flat.rows, data };
}

/** Sweeps after which rotations change nothing that a double can hold: usually fewer than ten are needed. */
const maxSweeps = 40;

/**
 * Sum of the singular values by one-sided Jacobi rotations: columns are turned against each other until all are orthogonal; their
 * lengths are the values (Golub & Van Loan, Matrix Computations, section 8.6.3).
 */
function sumOfSingularValues({ rows, columns, data }: Matrix): number {
  const list = Array.from({ length: columns }, (_, j) => {
    return Float64Array.from({ length: rows }, (_, i) => data[i * columns + j]!);
  });
  const lengths = () => list.map((column) => Math.sqrt(column.reduce((sum, value) => sum + value * value, 0)));
  const negligible = 1e-14 * Math.max(...lengths()) ** 2;
  for (let sweep = 0, isDone = false; sweep < maxSweeps && !isDone; sweep++) {
    isDone = true;
    for (let p = 0; p < columns; p++) {
      for (let q = p + 1; q < columns; q++) {
        if (rotate(list[p]!, list[q]!, negligible)) isDone = false;
      }
    }
  }
  return lengths().reduce((sum, value) => sum + value, 0);
}

/** Turns two columns until they are orthogonal; returns whether they were not. */
function rotate(x: Float64Array, y: Float64Array, negligible: number): boolean {
  let [xx, yy, xy] = [0, 0, 0];
  for (let i = 0; i < x.length; i++) {
    xx += x[i]! * x[i]!;
    yy += y[i]! * y[i]!;
    xy += x[i]! * y[i]!;
  }
  if (Math.abs(xy) <= negligible || Math.abs(xy) <= 1e-14 * Math.sqrt(xx * yy)) return false;
  const zeta = (yy - xx) / (2 * xy);
  const tangent = (zeta >= 0 ? 1 : -1) / (Math.abs(zeta) + Math.sqrt(1 + zeta * zeta));
  const cosine = 1 / Math.sqrt(1 + tangent * tangent);
  const sine = cosine * tangent;
  for (let i = 0; i < x.length; i++) {
    const value = x[i]!;
    x[i] = cosine * value - sine * y[i]!;
    y[i] = sine * value + cosine * y[i]!;
  }
  return true;
}
