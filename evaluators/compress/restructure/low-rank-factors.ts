/**
 * Best low-rank approximations of a matrix (Eckart and Young, 1936): A [m, n] ≈ L [m, k] · R [k, n] with the smallest sum of squared
 * differences. Small matrices through the eigenvectors of a Gram matrix (cyclic Jacobi), larger ones by subspace iteration
 * (Halko, Martinsson and Tropp, 2011). Matrices are row-major; everything is deterministic.
 */
import { createStream } from '../../train/rng.ts';

export interface Factors {
  /** [m, k] */
  readonly left: Float64Array;
  /** [k, n] */
  readonly right: Float64Array;
}

/** Up to this size the eigenvectors of the whole Gram matrix are computed. */
const EXACT_SIZE = 256;
const OVERSAMPLING = 8;
const ITERATIONS = 10;
const SWEEPS = 30;

export function transpose(a: Float64Array, rows: number, columns: number): Float64Array {
  const result = new Float64Array(a.length);
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) result[j * rows + i] = a[i * columns + j];
  return result;
}

/** a [m, k] · b [k, n] */
export function multiply(a: Float64Array, b: Float64Array, m: number, k: number, n: number): Float64Array {
  const result = new Float64Array(m * n);
  for (let i = 0; i < m; i++) {
    const row = result.subarray(i * n, (i + 1) * n);
    for (let p = 0; p < k; p++) {
      const factor = a[i * k + p];
      if (factor === 0) continue;
      for (let j = 0, at = p * n; j < n; j++, at++) row[j] += factor * b[at];
    }
  }
  return result;
}

/** a · aᵀ [m, m] */
export function gram(a: Float64Array, m: number, n: number): Float64Array {
  const result = new Float64Array(m * m);
  for (let i = 0; i < m; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = 0;
      for (let k = 0; k < n; k++) sum += a[i * n + k] * a[j * n + k];
      result[i * m + j] = sum;
      result[j * m + i] = sum;
    }
  }
  return result;
}

function rotate(a: Float64Array, v: Float64Array, n: number, p: number, q: number): void {
  const theta = (a[q * n + q] - a[p * n + p]) / (2 * a[p * n + q]);
  const t = Math.sign(theta || 1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
  const c = 1 / Math.sqrt(t * t + 1);
  const s = t * c;
  for (let k = 0; k < n; k++) {
    const [x, y] = [a[k * n + p], a[k * n + q]];
    a[k * n + p] = c * x - s * y;
    a[k * n + q] = s * x + c * y;
  }
  for (let k = 0; k < n; k++) {
    const [x, y] = [a[p * n + k], a[q * n + k]];
    a[p * n + k] = c * x - s * y;
    a[q * n + k] = s * x + c * y;
    const [vx, vy] = [v[p * n + k], v[q * n + k]];
    v[p * n + k] = c * vx - s * vy;
    v[q * n + k] = s * vx + c * vy;
  }
}

/** Eigenvectors of a symmetric matrix as rows, largest eigenvalue first. */
function eigenvectors(symmetric: Float64Array, n: number): Float64Array {
  const a = symmetric.slice();
  const v = new Float64Array(n * n);
  for (let i = 0; i < n; i++) v[i * n + i] = 1;
  const total = a.reduce((sum, x) => sum + x * x, 0);
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    let off = 0;
    for (let p = 0; p < n; p++) for (let q = p + 1; q < n; q++) off += a[p * n + q] ** 2;
    if (off <= 1e-26 * total) break;
    for (let p = 0; p < n; p++) {
      for (let q = p + 1; q < n; q++) if (a[p * n + q] ** 2 > 1e-32 * total) rotate(a, v, n, p, q);
    }
  }
  const order = Array.from({ length: n }, (_, i) => i).sort((i, j) => a[j * n + j] - a[i * n + i]);
  const sorted = new Float64Array(n * n);
  for (const [to, from] of order.entries()) sorted.set(v.subarray(from * n, (from + 1) * n), to * n);
  return sorted;
}

/** Makes the rows of q [k, n] orthonormal (modified Gram-Schmidt, twice); a dependent row becomes zero. */
function orthonormalize(q: Float64Array, k: number, n: number): void {
  for (let i = 0; i < k; i++) {
    const row = q.subarray(i * n, (i + 1) * n);
    const before = Math.sqrt(row.reduce((sum, x) => sum + x * x, 0));
    for (let pass = 0; pass < 2; pass++) {
      for (let j = 0; j < i; j++) {
        const other = q.subarray(j * n, (j + 1) * n);
        let dot = 0;
        for (let x = 0; x < n; x++) dot += row[x] * other[x];
        for (let x = 0; x < n; x++) row[x] -= dot * other[x];
      }
    }
    const norm = Math.sqrt(row.reduce((sum, x) => sum + x * x, 0));
    const scale = norm > 1e-10 * before ? 1 / norm : 0;
    for (let x = 0; x < n; x++) row[x] *= scale;
  }
}

/** Orthonormal rows [k, m] that span the k leading left singular vectors of a [m, n]; k <= m. */
export function leftSubspace(a: Float64Array, m: number, n: number, k: number): Float64Array {
  if (m <= EXACT_SIZE) return eigenvectors(gram(a, m, n), m).slice(0, k * m);
  const width = Math.min(m, n, k + OVERSAMPLING);
  const stream = createStream(0, 'subspace');
  let q: Float64Array = Float64Array.from({ length: width * m }, () => stream.nextNormal());
  const at = transpose(a, m, n);
  for (let i = 0; i < ITERATIONS; i++) {
    orthonormalize(q, width, m);
    q = multiply(multiply(q, a, width, m, n), at, width, n, m);
  }
  orthonormalize(q, width, m);
  const inner = eigenvectors(gram(multiply(q, a, width, m, n), width, n), width);
  const basis = multiply(inner, q, width, width, m);
  const result = new Float64Array(k * m);
  result.set(basis.subarray(0, Math.min(k, width) * m));
  return result;
}

/** The best rank-k approximation, its magnitude shared evenly between both factors so that both train at one learning rate. */
export function factorize(a: Float64Array, m: number, n: number, k: number): Factors {
  if (m > n) {
    const { left, right } = factorize(transpose(a, m, n), n, m, k);
    return { left: transpose(right, k, m), right: transpose(left, n, k) };
  }
  const basis = leftSubspace(a, m, n, k);
  const left = transpose(basis, k, m);
  const right = multiply(basis, a, k, m, n);
  for (let i = 0; i < k; i++) {
    const row = right.subarray(i * n, (i + 1) * n);
    const root = Math.sqrt(Math.sqrt(row.reduce((sum, x) => sum + x * x, 0)));
    if (root === 0) continue;
    for (let j = 0; j < n; j++) row[j] /= root;
    for (let j = 0; j < m; j++) left[j * k + i] *= root;
  }
  return { left, right };
}
