/**
 * Rounds the weights of a layer so that its outputs, not its weights, stay close: weights are quantized one input at a time and the
 * error of each is spread over the inputs that follow, in proportion to the inverse second moments of the inputs (Frantar et al., "GPTQ",
 * ICLR 2023, after optimal brain compression). H = Xᵀ X + λ I, H⁻¹ = Uᵀ U; for k = 0…K-1:
 *
 *   q_k = nearest(w_k),   w_j -= (w_k - q_k) / U_kk · U_kj   for j > k
 */
import type { WeightGrid } from './weight-quantizer.ts';

/** Damping in shares of the mean diagonal of H. */
const DAMPING = 0.01;

/** Lower Cholesky factor of a positive definite [n, n] matrix, in place; false when it is not. */
function cholesky(a: Float64Array, n: number): boolean {
  for (let j = 0; j < n; j++) {
    for (let i = j; i < n; i++) {
      let sum = a[i * n + j];
      for (let k = 0; k < j; k++) sum -= a[i * n + k] * a[j * n + k];
      if (i === j) {
        if (!(sum > 0)) return false;
        a[j * n + j] = Math.sqrt(sum);
      } else {
        a[i * n + j] = sum / a[j * n + j];
      }
    }
    for (let i = 0; i < j; i++) a[i * n + j] = 0;
  }
  return true;
}

/** Inverse of L Lᵀ from its lower factor. */
function inverseFromFactor(l: Float64Array, n: number): Float64Array {
  const inverse = new Float64Array(n * n);
  const column = new Float64Array(n);
  for (let c = 0; c < n; c++) {
    column.fill(0);
    for (let i = c; i < n; i++) {
      let sum = i === c ? 1 : 0;
      for (let k = c; k < i; k++) sum -= l[i * n + k] * column[k];
      column[i] = sum / l[i * n + i];
    }
    for (let i = n - 1; i >= 0; i--) {
      let sum = column[i];
      for (let k = i + 1; k < n; k++) sum -= l[k * n + i] * column[k];
      column[i] = sum / l[i * n + i];
    }
    for (let i = 0; i < n; i++) inverse[i * n + c] = column[i];
  }
  return inverse;
}

/** U with H⁻¹ = Uᵀ U, upper triangular [depth, depth]; null when the inputs are degenerate. */
export function errorSpread(rows: Float32Array, depth: number): Float64Array | null {
  const h = new Float64Array(depth * depth);
  for (let r = 0; r < rows.length / depth; r++) {
    const base = r * depth;
    for (let i = 0; i < depth; i++) {
      const value = rows[base + i];
      if (value === 0) continue;
      for (let j = 0; j <= i; j++) h[i * depth + j] += value * rows[base + j];
    }
  }
  let trace = 0;
  for (let i = 0; i < depth; i++) trace += h[i * depth + i];
  const damping = Math.max(1e-9, (DAMPING * trace) / depth);
  for (let i = 0; i < depth; i++) {
    h[i * depth + i] += damping;
    for (let j = 0; j < i; j++) h[j * depth + i] = h[i * depth + j];
  }
  if (!cholesky(h, depth)) return null;
  const inverse = inverseFromFactor(h, depth);
  if (!cholesky(inverse, depth)) return null;
  const upper = new Float64Array(depth * depth);
  for (let i = 0; i < depth; i++) for (let j = 0; j <= i; j++) upper[j * depth + i] = inverse[i * depth + j];
  return upper;
}

/** Quantizes one output's weights (in place to their compensated values); returns the integers without zero point. */
export function roundRow(weights: Float64Array, spread: Float64Array, grid: WeightGrid, structure: number): Int32Array {
  const depth = weights.length;
  const scale = grid.scales[structure];
  const zero = grid.zeros[structure];
  const integers = new Int32Array(depth);
  for (let k = 0; k < depth; k++) {
    const q = Math.max(grid.low - zero, Math.min(grid.high - zero, Math.round(weights[k] / scale)));
    integers[k] = q;
    const error = (weights[k] - q * scale) / spread[k * depth + k];
    for (let j = k + 1; j < depth; j++) weights[j] -= error * spread[k * depth + j];
  }
  return integers;
}
