/** Random mixed, conditional data sets for the tests of the Gaussian processes. */
import type { GpHyper } from '../../../optimizer/gp/hyper-parameters.ts';
import type { KernelColumn, KernelKind } from '../../../optimizer/gp/kernel.ts';
import type { GpData } from '../../../optimizer/gp/marginal-likelihood.ts';
import { createRng, type Rng } from '../../../optimizer/math/rng.ts';

export const KINDS: readonly KernelKind[] = ['matern52', 'rbf', 'subsets52', 'subsetsRbf', 'anova'];

/** Two plain numbers, a category of three, a number that is active only in the first category. */
export const COLUMNS: readonly KernelColumn[] = [
  { kind: 'numeric', isConditional: false },
  { kind: 'numeric', isConditional: false },
  { kind: 'categorical', isConditional: false },
  { kind: 'numeric', isConditional: true },
];

export function randomRow(rng: Rng): Float64Array {
  const category = rng.nextInt(3);
  return Float64Array.of(rng.nextFloat(), rng.nextFloat(), category, category === 0 ? rng.nextFloat() : Number.NaN);
}

/** `n` rows with a smooth response; every third has a known noise variance. */
export function randomData(n: number, seed: number): GpData {
  const rng = createRng(seed);
  const rows = Array.from({ length: n }, () => randomRow(rng));
  const X = new Float64Array(n * COLUMNS.length);
  rows.forEach((row, i) => {
    X.set(row, i * COLUMNS.length);
  });
  const y = Float64Array.from(
    rows,
    ([a, b, c, d]) => Math.sin(5 * a) + b * c - (c === 0 ? d : 0) + 0.05 * rng.nextNormal(),
  );
  const knownNoise = Float64Array.from(rows, (_, i) => (i % 3 === 0 ? 0.003 : Number.NaN));
  return { columns: COLUMNS, n, X, y, knownNoise };
}

export function randomHyper(kind: KernelKind, seed: number): GpHyper {
  const rng = createRng(seed, 0, 'hyper');
  const lengthscales = COLUMNS.map(() => Math.log(0.3 + rng.nextFloat()));
  const rest = kind === 'anova' ? COLUMNS.map(() => rng.nextNormal()) : [rng.nextNormal()];
  return { kind, theta: Float64Array.of(...lengthscales, 0.2, Math.log(0.01), ...rest) };
}
