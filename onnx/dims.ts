/**
 * Dimensions of a value's shape: a number, or a symbol such as `"batch"` for a size that is known only when the graph runs.
 *
 * A product of symbols and numbers is one string in canonical form (`"2*batch"`), so equal dimensions are equal strings.
 * @module
 */

/** One dimension: a whole number, or a symbolic product such as `"batch"` or `"77*batch"`. */
export type Dim = number | string;

/** A shape with possibly symbolic dimensions. */
export type Shape = readonly Dim[];

interface Product {
  coefficient: number;
  symbols: string[];
}

function parse(dim: Dim): Product {
  if (typeof dim === "number") return { coefficient: dim, symbols: [] };
  const factors = dim.split("*");
  const coefficient = Number(factors[0]);
  return Number.isNaN(coefficient) ? { coefficient: 1, symbols: factors } : { coefficient, symbols: factors.slice(1) };
}

function format({ coefficient, symbols }: Product): Dim {
  if (symbols.length === 0 || coefficient === 0) return coefficient;
  const product = symbols.toSorted().join("*");
  return coefficient === 1 ? product : `${coefficient}*${product}`;
}

/** Product of all dimensions, symbolic where one of them is. */
export function product(dims: Shape): Dim {
  const parts = dims.map(parse);
  return format({
    coefficient: parts.reduce((all, part) => all * part.coefficient, 1),
    symbols: parts.flatMap((part) => part.symbols),
  });
}

/** `dividend / divisor` where that is a whole dimension, else `undefined`. */
export function quotient(dividend: Dim, divisor: Dim): Dim | undefined {
  const over = parse(dividend);
  const under = parse(divisor);
  if (under.coefficient === 0 || over.coefficient % under.coefficient !== 0) return undefined;
  const symbols = [...over.symbols];
  for (const symbol of under.symbols) {
    const index = symbols.indexOf(symbol);
    if (index < 0) return undefined;
    symbols.splice(index, 1);
  }
  return format({ coefficient: over.coefficient / under.coefficient, symbols });
}

/** Whether two shapes are the same, symbol for symbol. */
export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((dim, index) => dim === b[index]);
}

/** NumPy broadcasting of two shapes, or `undefined` where they do not broadcast. A symbol meets itself or 1 only. */
export function broadcast(a: Shape, b: Shape): Dim[] | undefined {
  const rank = Math.max(a.length, b.length);
  const result: Dim[] = [];
  for (let axis = 0; axis < rank; axis++) {
    const left = a[axis - rank + a.length] ?? 1;
    const right = b[axis - rank + b.length] ?? 1;
    if (left !== right && left !== 1 && right !== 1) return undefined;
    result.push(left === 1 ? right : left);
  }
  return result;
}

/** Writes a shape as `[batch, 16, 24, 24]`. */
export function formatShape(shape: Shape): string {
  return `[${shape.join(", ")}]`;
}

/** The shape with every symbol replaced by its value; an unknown symbol throws. */
export function resolveShape(shape: Shape, sizes: Readonly<Record<string, number>>): number[] {
  return shape.map((dim) => {
    const { coefficient, symbols } = parse(dim);
    return symbols.reduce((all, symbol) => {
      const size = sizes[symbol];
      if (size === undefined) {
        throw new RangeError(`Expected a size for the dimension "${symbol}" of ${formatShape(shape)}`);
      }
      return all * size;
    }, coefficient);
  });
}
