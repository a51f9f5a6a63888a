/**
 * Dense row-major kernels on Float64Array. Every sum has a fixed order (four interleaved partial sums), so results are the
 * same on every machine. Matrices: L lower triangular n x n; U = transpose of L^-1, upper triangular.
 */

/** Sum of a[aStart + i] * b[bStart + i] for i < n. */
export function dot(a: Float64Array, aStart: number, b: Float64Array, bStart: number, n: number): number {
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  let i = 0;
  for (const end = n - 3; i < end; i += 4) {
    s0 += a[aStart + i] * b[bStart + i];
    s1 += a[aStart + i + 1] * b[bStart + i + 1];
    s2 += a[aStart + i + 2] * b[bStart + i + 2];
    s3 += a[aStart + i + 3] * b[bStart + i + 3];
  }
  for (; i < n; i++) s0 += a[aStart + i] * b[bStart + i];
  return s0 + s1 + (s2 + s3);
}

/** Solves L x = b; `x` may be `b`. `L` is n x n with row stride `stride`. */
export function solveLower(L: Float64Array, stride: number, n: number, b: Float64Array, x: Float64Array): void {
  for (let i = 0; i < n; i++) {
    x[i] = (b[i] - dot(L, i * stride, x, 0, i)) / L[i * stride + i];
  }
}

/** Solves L^T x = b; `x` may be `b`. */
export function solveLowerTransposed(
  L: Float64Array,
  stride: number,
  n: number,
  b: Float64Array,
  x: Float64Array,
): void {
  if (x !== b) x.set(b.subarray(0, n));
  for (let i = n - 1; i >= 0; i--) {
    const value = x[i] / L[i * stride + i];
    x[i] = value;
    const row = i * stride;
    for (let j = 0; j < i; j++) x[j] -= value * L[row + j];
  }
}

/** Writes column `i` of U = (L^-1)^T, stride n, given its columns before `i`. */
export function appendInverseTransposed(L: Float64Array, stride: number, i: number, U: Float64Array, n: number): void {
  const row = i * stride;
  const scale = -1 / L[row + i];
  for (let j = 0; j < i; j++) U[j * n + i] = scale * dot(L, row + j, U, j * n + j, i - j);
  U[i * n + i] = 1 / L[row + i];
}

/** Writes U = (L^-1)^T, upper triangular, stride n (the strict lower part of `U` is left alone). */
export function invertLowerTransposed(L: Float64Array, stride: number, n: number, U: Float64Array): void {
  for (let i = 0; i < n; i++) appendInverseTransposed(L, stride, i, U, n);
}

/** Writes the lower triangle of U U^T = (L L^T)^-1 into `inverse` (stride n). */
export function inverseFromTransposed(U: Float64Array, n: number, inverse: Float64Array): void {
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) inverse[i * n + j] = dot(U, i * n + i, U, j * n + i, n - i);
  }
}
