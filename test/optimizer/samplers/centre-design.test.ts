import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { mixedCompress, mixedCompressKnown } from '../../../optimizer/problems/mixed-compress.ts';
import { centreDesign, centrePoint, centrePoints, freeParameters } from '../../../optimizer/samplers/centre-design.ts';
import { FreshCells } from '../../../optimizer/samplers/fresh-cells.ts';
import type { ObservedTrial, SamplerProblem } from '../../../optimizer/samplers/sampler.ts';

const problem: SamplerProblem = { ...mixedCompress.problem, known: mixedCompressKnown };
const NAMES = problem.space.parameters.map(({ name }) => name);

describe('freeParameters', () => {
  it('are those that no known metric depends on', () => {
    const free = freeParameters(problem).map((d) => NAMES[d]);
    assert.deepEqual(free, ['method', 'epochs', 'lr']);
  });

  it('are none where nothing is known', () => {
    assert.deepEqual(freeParameters(mixedCompress.problem), []);
  });
});

describe('centrePoints', () => {
  it('grow with the free parameters and leave most of a small budget to other designs', () => {
    assert.deepEqual(
      [0, 1, 2, 3, 9].map((free) => centrePoints(free)),
      [0, 4, 6, 8, 8],
    );
    assert.equal(centrePoints(3, 24), 6);
    assert.equal(centrePoints(3, 3), 0);
  });
});

describe('centrePoint', () => {
  const free = freeParameters(problem);

  it('moves the free parameters of one allowed design only', () => {
    for (let seed = 0; seed < 5; seed++) {
      const trials: ObservedTrial[] = [];
      const design = centreDesign(problem, free, seed);
      assert.ok(design !== undefined);
      for (let number = 0; number < 8; number++) {
        const params = centrePoint(problem, design, free, trials, seed);
        assert.ok(params !== undefined && new FreshCells(problem, trials).isFresh(params));
        trials.push({ number, state: 'completed', params, metrics: {} });
      }
      for (const [metric, known] of mixedCompressKnown) {
        const values = new Set(trials.map(({ params }) => known(params)));
        assert.equal(values.size, 1, metric);
      }
      assert.ok(new Set(trials.map(({ params }) => params['lr'])).size === 8);
      assert.ok(new Set(trials.map(({ params }) => params['method'])).size >= 3);
    }
  });

  it('takes a design that improves on the reference point', () => {
    const params = centreDesign(problem, free, 0);
    assert.ok(params !== undefined);
    assert.ok((mixedCompressKnown.get('latencyMs')?.(params) ?? Number.NaN) < 100);
    assert.ok((mixedCompressKnown.get('romBytes')?.(params) ?? Number.NaN) < 262_144);
  });
});
