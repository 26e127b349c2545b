/**
 * Box–Muller on blocks of 16, in place, the way torch's CPU generator does it: uniforms j and j + 8 (j < 8) become the normals
 * √(−2 ln(1 − u_j)) · cos(2π u_{j+8}) and √(−2 ln(1 − u_j)) · sin(2π u_{j+8}).
 *
 * Box and Muller, "A Note on the Generation of Random Normal Deviates" (1958);
 * {@link https://github.com/pytorch/pytorch/blob/main/aten/src/ATen/native/cpu/DistributionTemplates.h DistributionTemplates.h}.
 * @module
 */

/** Turns the 16 uniforms of `data` from `start` on into normals, in double precision. */
export function boxMuller64(data: Float64Array, start: number): void {
  for (let j = start; j < start + 8; j++) {
    const radius = Math.sqrt(-2 * Math.log(1 - data[j]!));
    const theta = 2 * Math.PI * data[j + 8]!;
    data[j] = radius * Math.cos(theta) + 0;
    data[j + 8] = radius * Math.sin(theta) + 0;
  }
}

/**
 * Turns the 16 uniforms of `data` from `start` on into normals, bit for bit as torch does on x86 processors with AVX2.
 *
 * The uniforms must be multiples of 2^−24, as torch draws them. torch evaluates the float32 polynomials of Cephes there (S. L. Moshier's `logf`,
 * `sinf` and `cosf`, in the vector form of Pommier and Garberoglio), compiled so that a product and the sum after it round only once.
 */
export function boxMuller32(data: Float32Array, start: number): void {
  for (let j = start; j < start + 8; j++) {
    const radius = f32(Math.sqrt(-2 * logOfFraction((1 - data[j]!) * 2 ** 24)));
    const theta = f32(twoPi * data[j + 8]!);
    // The nearest even multiple of π/4, taken off in three parts (Cody and Waite) so that nothing is lost.
    const octant = (Math.trunc(f32(theta * fourOverPi)) + 1) & ~1;
    let x = fma(octant, piOver4.high, theta);
    x = fma(octant, piOver4.middle, x);
    x = fma(octant, piOver4.low, x);
    const z = f32(x * x);

    const cosOfX = f32(fma(f32(fma(fma(cos.c2, z, cos.c1), z, cos.c0) * z), z, -0.5 * z) + 1);
    const sinOfX = fma(f32(fma(fma(sin.c2, z, sin.c1), z, sin.c0) * z), x, x);
    const swapped = (octant & 2) !== 0;
    const sine = swapped ? cosOfX : sinOfX;
    const cosine = swapped ? sinOfX : cosOfX;
    // As torch adds the mean, the sum with zero makes −0 positive.
    data[j] = radius * ((octant & 4) === (octant & 2) << 1 ? cosine : -cosine) + 0;
    data[j + 8] = radius * ((octant & 4) === 0 ? sine : -sine) + 0;
  }
}

/** ln(k · 2^−24) for an integer k of 1 … 2^24, in float32 as Cephes' `logf` computes it. */
function logOfFraction(k: number): number {
  const bits = 32 - Math.clz32(k);
  let exponent = bits - 24;
  let x = k * powersOfHalf[bits]!;
  if (x < sqrtHalf) {
    exponent -= 1;
    x = f32(2 * x - 1);
  } else {
    x = f32(x - 1);
  }
  const z = f32(x * x);
  let y = log.c0;
  y = fma(y, x, log.c1);
  y = fma(y, x, log.c2);
  y = fma(y, x, log.c3);
  y = fma(y, x, log.c4);
  y = fma(y, x, log.c5);
  y = fma(y, x, log.c6);
  y = fma(y, x, log.c7);
  y = fma(y, x, log.c8);
  y = fma(f32(y * x), z, f32(exponent * ln2.low));
  y = fma(z, -0.5, y);
  return fma(exponent, ln2.high, f32(x + y));
}

/** Fused a · b + c of float32 numbers: their product is exact in a double, so that only the sum rounds. */
function fma(a: number, b: number, c: number): number {
  return Math.fround(a * b + c);
}

const f32 = Math.fround;
const twoPi = f32(2 * Math.PI);
const fourOverPi = f32(4 / Math.PI);
const sqrtHalf = f32(Math.SQRT1_2);
const powersOfHalf = Float64Array.from({ length: 26 }, (_, bits) => 2 ** -bits);

// Coefficients of Cephes' single-precision functions, in the order in which Horner's scheme takes them.
const ln2 = { high: f32(0.693359375), low: f32(-2.12194440e-4) };
const log = {
  c0: f32(7.0376836292e-2),
  c1: f32(-1.1514610310e-1),
  c2: f32(1.1676998740e-1),
  c3: f32(-1.2420140846e-1),
  c4: f32(1.4249322787e-1),
  c5: f32(-1.6668057665e-1),
  c6: f32(2.0000714765e-1),
  c7: f32(-2.4999993993e-1),
  c8: f32(3.3333331174e-1),
};
const piOver4 = { high: f32(-0.78515625), middle: f32(-2.4187564849853515625e-4), low: f32(-3.77489497744594108e-8) };
const sin = { c2: f32(-1.9515295891e-4), c1: f32(8.3321608736e-3), c0: f32(-1.6666654611e-1) };
const cos = { c2: f32(2.443315711809948e-5), c1: f32(-1.388731625493765e-3), c0: f32(4.166664568298827e-2) };
