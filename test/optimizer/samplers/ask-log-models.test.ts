import { describe, it } from 'node:test';
import { braninCurrin } from '../../../optimizer/problems/branin-currin.ts';
import { c2dtlz2 } from '../../../optimizer/problems/dtlz2.ts';
import { mixedCompress, mixedCompressKnown } from '../../../optimizer/problems/mixed-compress.ts';
import { askLog, checkAskLog } from './ask-log.ts';

/** The first objective alone. */
const branin = {
  problem: { ...braninCurrin.problem, objectives: braninCurrin.problem.objectives.slice(0, 1) },
  measure: braninCurrin.measure,
};

describe('the stored asks of samplers with models', () => {
  it('are repeated bit for bit by mobo', () => {
    checkAskLog('mobo-c2dtlz2', askLog('mobo', c2dtlz2, 7, 60, { restartEvery: 17 }));
    checkAskLog('mobo-mixed-compress', askLog('mobo', mixedCompress, 7, 18, { restartEvery: 12 }));
  });

  it('are repeated bit for bit by mobo with known metrics', () => {
    const known = { ...mixedCompress, problem: { ...mixedCompress.problem, known: mixedCompressKnown } };
    checkAskLog('mobo-mixed-compress-known', askLog('mobo', known, 7, 20, { restartEvery: 12 }));
  });

  it('are repeated bit for bit by ei', () => {
    checkAskLog('ei-branin', askLog('ei', branin, 7, 60, { restartEvery: 17 }));
  });

  for (const kind of ['parego', 'ars', 'auto'] as const) {
    it(`are repeated bit for bit by ${kind}`, () => {
      checkAskLog(`${kind}-branin-currin`, askLog(kind, braninCurrin, 7, 60, { restartEvery: 17 }));
    });
  }
});
