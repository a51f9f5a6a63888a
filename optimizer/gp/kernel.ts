/**
 * Kernels over mixed, conditional points, with one length-scale per column: a joint and an additive part (Duvenaud, Nickisch, Rasmussen
 * 2011, "Additive Gaussian processes", first order), which shares its length-scales,
 *   k = (1 - share) kappa(r^2) + share mean_d kappa(w_d delta_d),     kappa Matérn-5/2 or squared exponential, kappa(0) = 1.
 * Few trials say much about main effects and little about interactions; the share is learned. With 'subsets52' and 'subsetsRbf' effects of
 * all orders are products of those of single columns (the all-subsets kernel of Stitson et al. 1999),
 *   k = (prod_d (1 + a kappa(w_d delta_d)) - 1) / ((1 + a)^D - 1),
 * the sum over the non-empty sets S of columns of a^|S| prod_{d in S} kappa_d: additive for small a, the plain product for large a. With
 * 'anova' every column has an amplitude of its own and the constant stays,
 *   k = prod_d (1 + a_d kappa(w_d delta_d)) / (1 + a_d),     kappa Matérn-5/2.
 *
 * A point is a row of D numbers: numeric columns in [0, 1], categorical columns a choice index, NaN where the parameter is
 * inactive. r^2 = sum_d w_d delta_d with w_d = 1 / lengthscale_d^2. delta_d is the squared distance of an embedding, so the kernel stays
 * positive definite: (x - x')^2 for a numeric column; 1 for different categories; a conditional numeric column lies on an arc of
 * radius 1 around the point that stands for "inactive" (Swersky et al. 2014, "Raiders of the lost architecture"), so the
 * value of an inactive parameter never counts: both active 4 sin^2((x - x')/2), one active 1, none 0.
 */

import { isProduct, type KernelKind, type NaturalHyper } from './hyper-parameters.ts';

export type { KernelKind } from './hyper-parameters.ts';

export interface KernelColumn {
  readonly kind: 'numeric' | 'categorical';
  /** True when the column can be inactive (NaN). */
  readonly isConditional: boolean;
}

const SQRT5 = Math.sqrt(5);

/** Whether kappa is the squared exponential. */
export const isSquaredExponential = (kind: KernelKind): boolean => kind === 'rbf' || kind === 'subsetsRbf';

/** kappa as a function of the squared distance. */
export function kernelValue(kind: KernelKind, squared: number): number {
  if (isSquaredExponential(kind)) return Math.exp(-0.5 * squared);
  const r = SQRT5 * Math.sqrt(squared);
  return (1 + r + (r * r) / 3) * Math.exp(-r);
}

/** d kappa / d(squared distance), finite at 0. */
export function kernelSlope(kind: KernelKind, squared: number): number {
  if (isSquaredExponential(kind)) return -0.5 * Math.exp(-0.5 * squared);
  const r = SQRT5 * Math.sqrt(squared);
  return (-5 / 6) * (1 + r) * Math.exp(-r);
}

/** k of two rows. */
export function kernelOfRows(
  columns: readonly KernelColumn[],
  kind: KernelKind,
  hyper: NaturalHyper,
  a: Float64Array,
  b: Float64Array,
): number {
  const D = columns.length;
  if (isProduct(kind)) {
    const size = hyper.signal / (1 - hyper.constant);
    let product = size;
    for (let d = 0; d < D; d++) {
      const distance = hyper.weights[d] * columnDistance(columns[d], a[d], b[d]);
      const amplitude = hyper.amplitudes[d];
      product *= (1 + amplitude * kernelValue(kind, distance)) / (1 + amplitude);
    }
    return product - size * hyper.constant;
  }
  let squared = 0;
  let additive = 0;
  for (let d = 0; d < D; d++) {
    const distance = hyper.weights[d] * columnDistance(columns[d], a[d], b[d]);
    squared += distance;
    additive += kernelValue(kind, distance);
  }
  return hyper.signal * ((1 - hyper.share) * kernelValue(kind, squared) + (hyper.share / D) * additive);
}

/** delta_d of two values of one column. */
export function columnDistance(column: KernelColumn, a: number, b: number): number {
  if (column.kind === 'categorical') return Object.is(a, b) || a === b ? 0 : 1;
  if (!column.isConditional) return (a - b) * (a - b);
  const isActiveA = !Number.isNaN(a);
  const isActiveB = !Number.isNaN(b);
  if (isActiveA && isActiveB) {
    const chord = 2 * Math.sin((a - b) / 2);
    return chord * chord;
  }
  return isActiveA === isActiveB ? 0 : 1;
}

/** d(delta_d) / da for a numeric column; 0 for the others and where either value is inactive. */
export function columnSlope(column: KernelColumn, a: number, b: number): number {
  if (column.kind === 'categorical') return 0;
  if (!column.isConditional) return 2 * (a - b);
  if (Number.isNaN(a) || Number.isNaN(b)) return 0;
  return 2 * Math.sin(a - b);
}

/** delta of every pair i > j of the n rows of `X`: entry (i(i-1)/2 + j) * D + d. */
export function pairDistances(columns: readonly KernelColumn[], X: Float64Array, n: number): Float64Array {
  const D = columns.length;
  const out = new Float64Array(((n * (n - 1)) / 2) * D);
  let at = 0;
  for (let i = 1; i < n; i++) {
    for (let j = 0; j < i; j++) {
      for (let d = 0; d < D; d++) out[at++] = columnDistance(columns[d], X[i * D + d], X[j * D + d]);
    }
  }
  return out;
}
