import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { soak } from '../../../scripts/kill-soak.ts';

describe('a daemon that is killed at random moments', () => {
  it('loses no acknowledged result and counts none twice', async () => {
    const report = await soak(4, 5);
    assert.ok(report.acknowledged > 0);
    assert.ok(report.stored >= report.acknowledged);
    assert.deepEqual([report.lost, report.toldTwice, report.sharedFences], [0, 0, 0]);
  });
});
