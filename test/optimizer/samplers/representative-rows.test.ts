import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createRng } from '../../../optimizer/math/rng.ts';
import { nonDominatedIndices } from '../../../optimizer/pareto/dominance.ts';
import { c2dtlz2 } from '../../../optimizer/problems/dtlz2.ts';
import { fitStudy, kernelColumns, MAX_MODELLED } from '../../../optimizer/samplers/fit-study.ts';
import { representativeRows } from '../../../optimizer/samplers/representative-rows.ts';
import type { ObservedTrial } from '../../../optimizer/samplers/sampler.ts';
import { studyOutputs } from '../../../optimizer/samplers/study-outputs.ts';
import { type TableRow, trialTable } from '../../../optimizer/samplers/trial-table.ts';

const { problem } = c2dtlz2;
const { space } = problem;
const outputs = studyOutputs(problem);
const columns = kernelColumns(space);

function trials(count: number): ObservedTrial[] {
  const rng = createRng(12);
  return Array.from({ length: count }, (_, number) => {
    const params = problem.space.sampleParams(rng);
    assert.ok(params !== null);
    return { number, state: 'completed', params, metrics: c2dtlz2.measure(params) };
  });
}

const tableOf = (observed: readonly ObservedTrial[]) => trialTable(problem, outputs, observed);

/** Largest distance of a row from the nearest one chosen. */
function coverage(rows: readonly TableRow[], chosen: readonly TableRow[]): number {
  const squared = ({ candidate: a }: TableRow, { candidate: b }: TableRow): number =>
    a.row.reduce((sum, v, d) => sum + (v - b.row[d]) ** 2, 0);
  return Math.sqrt(Math.max(...rows.map((row) => Math.min(...chosen.map((other) => squared(row, other))))));
}

describe('representativeRows', () => {
  it('keeps all rows where there are few, and else as many as asked in their order', () => {
    const { rows } = tableOf(trials(60));
    assert.equal(representativeRows(columns, rows, 60), rows);
    const some = representativeRows(columns, rows, 25);
    assert.equal(new Set(some).size, 25);
    assert.deepEqual(
      some.map(({ trial }) => trial.number),
      some.map(({ trial }) => trial.number).toSorted((a, b) => a - b),
    );
  });

  it('holds the front and covers the space better than every k-th row', () => {
    const { rows } = tableOf(trials(400));
    const some = representativeRows(columns, rows, 80);
    const feasible = rows.filter((row) => row.isFeasible);
    const front = nonDominatedIndices(feasible.map(({ objectives }) => objectives)).map((i) => feasible[i]);
    for (const row of front) assert.ok(some.includes(row));
    const even = rows.filter((_, i) => i % 5 === 0);
    assert.ok(coverage(rows, some) < coverage(rows, even));
  });

  it('works while nothing is feasible and with equal rows', () => {
    const observed = trials(30).map((trial): ObservedTrial => ({ ...trial, state: 'infeasible' }));
    assert.equal(representativeRows(columns, tableOf(observed).rows, 10).length, 10);
    const same = observed.map((trial): ObservedTrial => ({ ...trial, params: observed[0].params }));
    assert.equal(representativeRows(columns, tableOf(same).rows, 10).length, 10);
  });

  it('gives models that predict nearly as well as those of all rows', () => {
    const observed = trials(MAX_MODELLED + 130);
    const held = trials(MAX_MODELLED + 230).slice(-100);
    const all = tableOf(observed);
    const approximate = fitStudy(space, outputs, all);
    assert.ok(approximate !== undefined);
    for (const [j, { model, transform }] of approximate.objectives.entries()) {
      if (model.kind !== 'modelled') continue;
      assert.equal(model.model.data.n, MAX_MODELLED);
      const rows = tableOf(held).rows;
      let squares = 0;
      let spread = 0;
      for (const { candidate, objectives } of rows) {
        model.model.predict(candidate.row);
        squares += (transform.inverse(model.model.means[0]) - objectives[j]) ** 2;
        spread += (objectives[j] - 0.7) ** 2;
      }
      assert.ok(squares / spread < 1e-3, `relative error ${squares / spread}`);
    }
  });
});
