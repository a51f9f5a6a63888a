import { describe, it } from 'node:test';
import { c2dtlz2 } from '../../../optimizer/problems/dtlz2.ts';
import { mixedCompress } from '../../../optimizer/problems/mixed-compress.ts';
import { askLog, checkAskLog } from './ask-log.ts';

describe('the stored asks', () => {
  for (const kind of ['random', 'sobol', 'nsga2', 'grid'] as const) {
    it(`are repeated bit for bit by ${kind}`, () => {
      checkAskLog(`${kind}-mixed-compress`, askLog(kind, mixedCompress, 7, 60));
      checkAskLog(`${kind}-c2dtlz2`, askLog(kind, c2dtlz2, 7, 60));
    });
  }
});
