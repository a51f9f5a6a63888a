/**
 * Canonical polyadic decomposition of a small dense tensor: T[i, j, …] ≈ Σ_r A[i, r] · B[j, r] · …, by alternating least squares
 * (Kolda and Bader, 2009, section 3.4). The magnitude of every component is shared evenly between its factors.
 */
import { elementCount } from '../../ir/tensor.ts';
import { createStream } from '../../train/rng.ts';

const ROUNDS = 60;
const RIDGE = 1e-8;

/** One factor [size, rank] per axis of `shape`. Deterministic. */
export function canonicalPolyadic(data: Float64Array, shape: readonly number[], rank: number): Float64Array[] {
  const stream = createStream(0, 'canonical');
  const factors: Float64Array[] = shape.map((size) =>
    Float64Array.from({ length: size * rank }, () => stream.nextNormal()),
  );
  for (let round = 0; round < ROUNDS; round++) {
    for (let mode = 0; mode < shape.length; mode++) {
      const right = products(data, shape, rank, factors, mode);
      factors[mode] = solve(otherGrams(factors, rank, mode), right, rank, shape[mode]);
    }
  }
  balance(factors, rank);
  return factors;
}

/** Σ over all elements of T · the product of the other factors: [size, rank]. */
function products(
  data: Float64Array,
  shape: readonly number[],
  rank: number,
  factors: readonly Float64Array[],
  mode: number,
): Float64Array {
  const result = new Float64Array(shape[mode] * rank);
  const index = shape.map(() => 0);
  const row = new Float64Array(rank);
  for (let at = 0; at < elementCount(shape); at++) {
    row.fill(data[at]);
    for (let axis = 0; axis < shape.length; axis++) {
      if (axis === mode) continue;
      const from = index[axis] * rank;
      for (let r = 0; r < rank; r++) row[r] *= factors[axis][from + r];
    }
    const to = index[mode] * rank;
    for (let r = 0; r < rank; r++) result[to + r] += row[r];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis]++;
      if (index[axis] < shape[axis]) break;
      index[axis] = 0;
    }
  }
  return result;
}

/** Elementwise product of the other factors' Gram matrices [rank, rank], slightly regularised. */
function otherGrams(factors: readonly Float64Array[], rank: number, mode: number): Float64Array {
  const result = new Float64Array(rank * rank).fill(1);
  for (const [axis, factor] of factors.entries()) {
    if (axis === mode) continue;
    for (let p = 0; p < rank; p++) {
      for (let q = 0; q < rank; q++) {
        let sum = 0;
        for (let i = 0; i < factor.length; i += rank) sum += factor[i + p] * factor[i + q];
        result[p * rank + q] *= sum;
      }
    }
  }
  let trace = 0;
  for (let p = 0; p < rank; p++) trace += result[p * rank + p];
  for (let p = 0; p < rank; p++) result[p * rank + p] += (RIDGE * trace) / rank + Number.MIN_VALUE;
  return result;
}

/** Rows x of [rows, rank] with x · a = b, a symmetric and positive definite (Cholesky). */
function solve(a: Float64Array, b: Float64Array, rank: number, rows: number): Float64Array {
  const lower = a.slice();
  for (let j = 0; j < rank; j++) {
    for (let i = j; i < rank; i++) {
      let sum = lower[i * rank + j];
      for (let k = 0; k < j; k++) sum -= lower[i * rank + k] * lower[j * rank + k];
      lower[i * rank + j] = i === j ? Math.sqrt(Math.max(sum, Number.MIN_VALUE)) : sum / lower[j * rank + j];
    }
  }
  const x = b.slice();
  for (let row = 0; row < rows; row++) {
    const v = x.subarray(row * rank, (row + 1) * rank);
    for (let i = 0; i < rank; i++) {
      for (let k = 0; k < i; k++) v[i] -= lower[i * rank + k] * v[k];
      v[i] /= lower[i * rank + i];
    }
    for (let i = rank - 1; i >= 0; i--) {
      for (let k = i + 1; k < rank; k++) v[i] -= lower[k * rank + i] * v[k];
      v[i] /= lower[i * rank + i];
    }
  }
  return x;
}

function balance(factors: readonly Float64Array[], rank: number): void {
  for (let r = 0; r < rank; r++) {
    const norms = factors.map((factor) => {
      let sum = 0;
      for (let i = r; i < factor.length; i += rank) sum += factor[i] * factor[i];
      return Math.sqrt(sum);
    });
    const mean = norms.reduce((a, b) => a * b, 1) ** (1 / norms.length);
    for (const [axis, factor] of factors.entries()) {
      const scale = norms[axis] > 0 ? mean / norms[axis] : 0;
      for (let i = r; i < factor.length; i += rank) factor[i] *= scale;
    }
  }
}
