/** Held-out samples: every tenth, copied, so that nothing of the data set changes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Dataset } from '../../../evaluators/train/data/dataset.ts';
import { holdOut } from '../../../evaluators/train/data/hold-out.ts';

test('held-out samples and the others are the training samples, and those stay as they were', () => {
  const count = 25;
  // A Buffer, as files are read: its slices share memory.
  const samples = Buffer.from(Array.from({ length: 2 * count }, (_, i) => i));
  const labels = Int32Array.from({ length: count }, (_, i) => i % 3);
  const targets = Float32Array.from({ length: count }, (_, i) => i / 2);
  const train = { count, samples, labels, targets };
  const normalisation = { scale: 1, mean: [0], std: [1] };
  const dataset: Dataset = { name: 'd', inputShape: [2], classes: 3, train, test: train, normalisation };
  const before = Uint8Array.from(samples);
  const held = holdOut(dataset);
  assert.deepEqual([held.train.count, held.test.count], [23, 2]);
  assert.deepEqual([...held.test.samples], [18, 19, 38, 39]);
  assert.deepEqual([...held.test.labels], [9 % 3, 19 % 3]);
  assert.deepEqual([...(held.test.targets ?? [])], [4.5, 9.5]);
  assert.deepEqual([...held.train.samples.slice(16, 20)], [16, 17, 20, 21]);
  assert.deepEqual(Uint8Array.from(samples), before);
});
