import assert from 'node:assert/strict';
import { it } from 'node:test';
import { createLineView, type Snapshot } from '../../../src/cli/live-view.ts';
import type { StudyView } from '../../../src/contract/study.ts';
import type { WireTrial } from '../../../src/contract/trial.ts';

/** What the line view reads of a study after trial `number`. */
function snapshot(number: number, reference: readonly number[], value: number): Snapshot {
  const counts = { completed: number + 1, infeasible: 0, failed: 0, pruned: 0, abandoned: 0, running: 0 };
  const study = {
    ...{ name: 'toy', state: 'running', reason: null, objectives: [], budget: { trials: 9 }, frontSize: 1 },
    ...{ counts, hypervolume: { reference, value } },
  } as unknown as StudyView;
  const why = { origin: 'sobol' };
  const trial = { number, state: 'completed', reason: null, metrics: {}, params: {}, why } as unknown as WireTrial;
  return { study, trials: [trial], front: new Set([number]), seconds: 1, finishedHere: number + 1 };
}

it('says when the reference point of the hypervolume moved, so that a fall is understood', () => {
  const lines: string[] = [];
  const view = createLineView((text) => lines.push(text));
  view.update(snapshot(0, [1, 1], 0.5));
  view.update(snapshot(1, [1, 1], 0.6));
  view.update(snapshot(2, [2, 1], 0.4));
  view.update(snapshot(3, [2, 1], 0.5));
  const trials = lines.filter((line) => line.startsWith('trial'));
  assert.deepEqual(
    trials.map((line) => line.includes('reference point moved')),
    [false, false, true, false],
  );
});
