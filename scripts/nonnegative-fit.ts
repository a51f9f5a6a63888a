/** Least squares with weights that may not be negative (Lawson and Hanson's problem), by coordinate descent on the normal equations. */

/**
 * Finds x >= 0 with the smallest sum over rows of (1 - Σ_j a[i][j] x[j] / b[i])²: relative errors count alike for small and large b.
 * Columns are scaled to equal size; a small ridge keeps columns that say the same apart. Columns that do not matter get 0.
 */
export function nonNegativeFit(
  rows: readonly (readonly number[])[],
  targets: readonly number[],
  rounds = 4000,
): number[] {
  const columns = rows[0]?.length ?? 0;
  const scaled = rows.map((row, i) => row.map((value) => value / (targets[i] ?? 1)));
  const size = Array.from({ length: columns }, (_, j) =>
    Math.sqrt(scaled.reduce((sum, row) => sum + (row[j] ?? 0) ** 2, 0)),
  );
  const unit = scaled.map((row) => row.map((value, j) => ((size[j] ?? 0) > 0 ? value / (size[j] ?? 1) : 0)));
  const gram = Array.from({ length: columns }, (_, j) =>
    Float64Array.from({ length: columns }, (_, k) => unit.reduce((sum, row) => sum + (row[j] ?? 0) * (row[k] ?? 0), 0)),
  );
  const wanted = Array.from({ length: columns }, (_, j) => unit.reduce((sum, row) => sum + (row[j] ?? 0), 0));
  const x = new Float64Array(columns);
  // gradient[j] = Σ_k gram[j][k] x[k] - wanted[j]
  const gradient = Float64Array.from(wanted, (value) => -value);
  for (let round = 0; round < rounds; round++) {
    let moved = 0;
    for (let j = 0; j < columns; j++) {
      const row = gram[j];
      const diagonal = (row?.[j] ?? 0) + 1e-9;
      if (row === undefined || (size[j] ?? 0) === 0) continue;
      const next = Math.max(0, (x[j] ?? 0) - (gradient[j] ?? 0) / diagonal);
      const change = next - (x[j] ?? 0);
      if (change === 0) continue;
      x[j] = next;
      for (let k = 0; k < columns; k++) gradient[k] = (gradient[k] ?? 0) + change * (row[k] ?? 0);
      moved = Math.max(moved, Math.abs(change));
    }
    if (moved < 1e-9) break;
  }
  return Array.from(x, (value, j) => ((size[j] ?? 0) > 0 ? value / (size[j] ?? 1) : 0));
}
