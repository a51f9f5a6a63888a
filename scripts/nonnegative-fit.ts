/**
 * Weights that may not be negative, with the smallest relative errors (Lawson and Hanson's problem with b divided out), by coordinate
 * descent on the normal equations; and a sparse form that keeps few weights, so that the fit holds beyond the sizes it was made from.
 */

type Rows = readonly (readonly number[])[];

/** Sums over rows of a[i][j] a[i][k] / b[i]² and a[i][j] / b[i], columns scaled to length 1. */
class NormalEquations {
  readonly size: Float64Array;
  readonly gram: readonly Float64Array[];
  readonly wanted: Float64Array;

  constructor(rows: Rows, targets: readonly number[]) {
    const columns = rows[0]?.length ?? 0;
    const scaled = rows.map((row, i) => row.map((value) => value / (targets[i] ?? 1)));
    this.size = Float64Array.from({ length: columns }, (_, j) =>
      Math.sqrt(scaled.reduce((sum, row) => sum + (row[j] ?? 0) ** 2, 0)),
    );
    const unit = scaled.map((row) => Float64Array.from(row, (value, j) => value / (this.size[j] || 1)));
    this.gram = Array.from({ length: columns }, (_, j) => {
      const sums = new Float64Array(columns);
      for (const row of unit) {
        const factor = row[j] ?? 0;
        if (factor !== 0) for (let k = 0; k < columns; k++) sums[k] = (sums[k] ?? 0) + factor * (row[k] ?? 0);
      }
      return sums;
    });
    this.wanted = Float64Array.from({ length: columns }, (_, j) => unit.reduce((sum, row) => sum + (row[j] ?? 0), 0));
  }

  /** Minimises ½ |1 - U x|² + penalty · Σ x over x >= 0; only the columns of `allowed` when given. */
  solve(penalty: number, allowed?: ReadonlySet<number>): number[] {
    const columns = this.wanted.length;
    const active = [...this.size.keys()].filter((j) => (this.size[j] ?? 0) > 0 && (allowed?.has(j) ?? true));
    const x = new Float64Array(columns);
    const gradient = this.wanted.map((value) => penalty - value);
    for (let round = 0; round < 1500; round++) {
      let moved = 0;
      for (const j of active) {
        const row = this.gram[j];
        if (row === undefined) continue;
        const next = Math.max(0, (x[j] ?? 0) - (gradient[j] ?? 0) / ((row[j] ?? 0) + 1e-9));
        const change = next - (x[j] ?? 0);
        if (change === 0) continue;
        x[j] = next;
        for (const k of active) gradient[k] = (gradient[k] ?? 0) + change * (row[k] ?? 0);
        moved = Math.max(moved, Math.abs(change));
      }
      if (moved < 1e-8) break;
    }
    return Array.from(x, (value, j) => value / (this.size[j] || 1));
  }
}

/** x >= 0 with the smallest sum over rows of (1 - Σ_j a[i][j] x[j] / b[i])². */
export function nonNegativeFit(rows: Rows, targets: readonly number[]): number[] {
  return new NormalEquations(rows, targets).solve(0);
}

/** A penalty chooses the columns, a fit without it their weights. */
function fitWithPenalty(rows: Rows, targets: readonly number[], penalty: number): number[] {
  const equations = new NormalEquations(rows, targets);
  const chosen = equations.solve(penalty * Math.sqrt(rows.length));
  const most = Math.max(...chosen.map((weight, j) => weight * (equations.size[j] ?? 0)));
  const support = new Set(chosen.flatMap((weight, j) => (weight * (equations.size[j] ?? 0) > 1e-4 * most ? [j] : [])));
  return equations.solve(0, support);
}

function meanSquare(rows: Rows, targets: readonly number[], weights: readonly number[]): number {
  const errors = rows.map((row, i) => {
    const value = row.reduce((sum, count, j) => sum + count * (weights[j] ?? 0), 0);
    return Math.min(1, Math.abs(value / (targets[i] ?? 1) - 1));
  });
  return errors.reduce((sum, error) => sum + error ** 2, 0) / Math.max(1, errors.length);
}

const PENALTIES = [0, 1e-4, 5e-4, 2e-3];
const FOLDS = 5;

/**
 * The same with few weights. The strength of the penalty is the one with which the fit foretells what it was not made from: a fifth
 * of the rows from the others, and the largest fourth from the smaller ones, which tells whether it reaches beyond its sizes.
 */
export function sparseFit(rows: Rows, targets: readonly number[]): number[] {
  const bySize = [...targets.keys()].sort((a, b) => (targets[a] ?? 0) - (targets[b] ?? 0));
  const largest = new Set(bySize.slice(Math.floor(0.75 * bySize.length)));
  const folds = Array.from({ length: FOLDS }, (_, fold) => new Set(bySize.filter((_row, at) => at % FOLDS === fold)));
  let best = { penalty: 0, error: Number.POSITIVE_INFINITY };
  for (const penalty of PENALTIES) {
    let error = 0;
    for (const held of [...folds, largest]) {
      const [train, test] = [bySize.filter((i) => !held.has(i)), [...held]];
      const pick = <T>(list: readonly T[], indices: readonly number[]) => indices.flatMap((i) => list[i] ?? []);
      const rowsOf = (indices: readonly number[]) => indices.map((i) => rows[i] ?? []);
      const weights = fitWithPenalty(rowsOf(train), pick(targets, train), penalty);
      error += meanSquare(rowsOf(test), pick(targets, test), weights);
    }
    if (error < 0.98 * best.error) best = { penalty, error };
  }
  return fitWithPenalty(rows, targets, best.penalty);
}
