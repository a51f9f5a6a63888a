import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { mixedCompress, mixedCompressKnown } from '../../../optimizer/problems/mixed-compress.ts';
import type { SamplerProblem } from '../../../optimizer/samplers/sampler.ts';
import { tradeOffs } from '../../../optimizer/samplers/trade-offs.ts';
import type { Params } from '../../../optimizer/space/parameter.ts';
import { createSearchSpace } from '../../../optimizer/space/search-space.ts';

const space = createSearchSpace([
  { name: 'width', type: 'int', low: 1, high: 9 },
  { name: 'sparsity', type: 'float', low: 0, high: 1 },
  { name: 'both', type: 'int', low: 1, high: 4 },
  { name: 'kind', type: 'categorical', choices: ['a', 'b'] },
  { name: 'rate', type: 'float', low: 0, high: 1 },
]);
const known = new Map([
  ['bytes', ({ width, sparsity, both }: Params) => Number(width) * (2 - Number(sparsity)) + Number(both)],
  ['score', ({ both, kind }: Params) => Number(both) + (kind === 'a' ? 5 : 0)],
]);
const problem: SamplerProblem = {
  space,
  objectives: [
    { metric: 'error', direction: 'minimize' },
    { metric: 'bytes', direction: 'minimize' },
    { metric: 'score', direction: 'maximize' },
  ],
  constraints: [],
  known,
};

describe('trends from trade-offs', () => {
  it('fall where known costs rise, and leave out kinds, what is free and what cuts both ways', () => {
    const trends = tradeOffs(problem);
    const at = (width: number, sparsity: number) =>
      trends.map((trend) => trend({ width, sparsity, both: 2, kind: 'a', rate: 0.5 }));
    assert.equal(trends.length, 2);
    const [small, large] = [at(1, 1), at(9, 0)];
    for (const t of [0, 1]) assert.ok(small[t] > 0 && large[t] < 0 && Math.abs(small[t] + large[t]) < 1e-12);
  });

  it('are there for every sparsity of mixed-compress, and none where nothing or everything is known', () => {
    assert.equal(tradeOffs({ ...mixedCompress.problem, known: mixedCompressKnown }).length, 4);
    assert.equal(tradeOffs(mixedCompress.problem).length, 0);
    assert.equal(tradeOffs({ ...problem, known: new Map([...known, ['error', () => 0]]) }).length, 0);
  });
});
