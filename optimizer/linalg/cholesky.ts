/**
 * Cholesky factorisation A = L L^T of symmetric matrices, row-major lower triangle, with a jitter policy for matrices that
 * rounding has made indefinite, and the append of one row (a new observation) in O(n^2).
 */
import { dot } from './triangular.ts';

/** Jitter tried in turn, relative to the largest diagonal element. */
const JITTERS = [0, 1e-10, 1e-9, 1e-8, 1e-7, 1e-6, 1e-5, 1e-4];

/** Factorises the lower triangle of `A` (stride n) in place; false when a pivot is not positive. `A` is then spoilt. */
export function choleskyInPlace(A: Float64Array, n: number): boolean {
  for (let i = 0; i < n; i++) {
    const row = i * n;
    for (let j = 0; j < i; j++) A[row + j] = (A[row + j] - dot(A, row, A, j * n, j)) / A[j * n + j];
    const pivot = A[row + i] - dot(A, row, A, row, i);
    if (!(pivot > 0) || pivot === Number.POSITIVE_INFINITY) return false;
    A[row + i] = Math.sqrt(pivot);
  }
  return true;
}

/**
 * Writes the Cholesky factor of the lower triangle of `A` (n x n, kept) into `L`, adding the least jitter of the policy that
 * makes it possible. Returns the jitter added to the diagonal, or undefined when none is enough or an element is not finite.
 */
export function choleskyWithJitter(A: Float64Array, n: number, L: Float64Array): number | undefined {
  let largest = 0;
  for (let i = 0; i < n; i++) largest = Math.max(largest, Math.abs(A[i * n + i]));
  for (const relative of JITTERS) {
    const jitter = relative * largest;
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < i; j++) L[i * n + j] = A[i * n + j];
      L[i * n + i] = A[i * n + i] + jitter;
    }
    if (choleskyInPlace(L, n)) return jitter;
  }
  return undefined;
}

/**
 * Appends one row to a factor stored with row stride `stride` > n: `column` holds the n covariances with the earlier rows and
 * `diagonal` the new variance. Returns false (and writes nothing usable) when the grown matrix is not positive definite.
 */
export function choleskyAppend(
  L: Float64Array,
  stride: number,
  n: number,
  column: Float64Array,
  diagonal: number,
): boolean {
  const row = n * stride;
  for (let j = 0; j < n; j++) L[row + j] = (column[j] - dot(L, row, L, j * stride, j)) / L[j * stride + j];
  const pivot = diagonal - dot(L, row, L, row, n);
  if (!(pivot > 0) || pivot === Number.POSITIVE_INFINITY) return false;
  L[row + n] = Math.sqrt(pivot);
  return true;
}
