import { describe, it } from 'node:test';
import { createRng } from '../../../optimizer/math/rng.ts';
import { c2dtlz2 } from '../../../optimizer/problems/dtlz2.ts';
import { mixedCompress } from '../../../optimizer/problems/mixed-compress.ts';
import { askLog, checkAskLog } from './ask-log.ts';

/** Sixty points that no other sampler would ask. */
function listedPoints() {
  const rng = createRng(1, 0, 'list');
  return Array.from({ length: 60 }, () => mixedCompress.problem.space.sampleParams(rng) ?? {});
}

describe('the stored asks', () => {
  for (const kind of ['random', 'sobol', 'nsga2', 'grid'] as const) {
    it(`are repeated bit for bit by ${kind}`, () => {
      checkAskLog(`${kind}-mixed-compress`, askLog(kind, mixedCompress, 7, 60));
      checkAskLog(`${kind}-c2dtlz2`, askLog(kind, c2dtlz2, 7, 60, { restartEvery: 17 }));
    });
  }

  it('are repeated bit for bit by list', () => {
    checkAskLog(
      'list-mixed-compress',
      askLog('list', mixedCompress, 7, 60, { list: listedPoints(), restartEvery: 17 }),
    );
  });
});
