/** Hopeless trainings are given up with a reason; others never. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compress } from '../../../evaluators/compress/compress.ts';
import { CompressionError } from '../../../evaluators/compress/compression-error.ts';
import { HopelessCheck } from '../../../evaluators/compress/hopeless.ts';
import { loadDataset } from '../../../evaluators/train/data/load-dataset.ts';
import { sharedPath, skipWithoutShared } from '../../support/shared.ts';
import { readModel } from './reference-io.ts';

/** Feeds a learning curve of shares of right answers; the step at which it is given up, or null. */
function givenUp(curve: (progress: number) => number, minimumAccuracy?: number): number | null {
  const check = new HopelessCheck({ classes: 10, ...(minimumAccuracy === undefined ? {} : { minimumAccuracy }) });
  for (let step = 1; step <= 400; step++) {
    try {
      check.observe({ step, steps: 400, samples: 64, accuracy: curve(step / 400) });
    } catch (error) {
      assert.ok(error instanceof CompressionError && error.code === 'HOPELESS', String(error));
      assert.match(error.message, /given up after \d+ % of the training/);
      return step;
    }
  }
  return null;
}

test('chance at half-time is hopeless, with or without an asked accuracy', () => {
  assert.equal(
    givenUp(() => 0.1),
    200,
  );
  assert.equal(
    givenUp(() => 0.1, 0.5),
    200,
  );
});

test('a late start, a slow rise and a plateau near the asked accuracy go on', () => {
  assert.equal(
    givenUp((t) => (t < 0.4 ? 0.1 : 0.6), 0.85),
    null,
  );
  assert.equal(
    givenUp((t) => 0.2 + 0.6 * t, 0.85),
    null,
  );
  assert.equal(
    givenUp(() => 0.94, 0.97),
    null,
  );
  assert.equal(
    givenUp((t) => (t < 0.6 ? 0.3 : 0.11)),
    null,
  );
});

test('a plateau far below the asked accuracy is hopeless at half-time; without one it is not judged', () => {
  assert.equal(
    givenUp(() => 0.8, 0.98),
    200,
  );
  assert.equal(
    givenUp(() => 0.8),
    null,
  );
});

test('a network pruned to nothing is given up before it is quantized', { skip: skipWithoutShared() }, async () => {
  const folder = sharedPath('models', 'data');
  const images = 'mnist-train1000-images-idx3-ubyte.gz';
  const dataset = loadDataset({ kind: 'idx', images, labels: 'mnist-train1000-labels-idx1-ubyte.gz' }, folder);
  const stages: string[] = [];
  await assert.rejects(
    compress(
      readModel('lenet/lenet5-classic'),
      dataset,
      {
        prune: { granularity: 'structured', heuristic: 'l1', target: { metric: 'params', remove: 0.97 } },
        finetune: { epochs: 4, optimizer: 'sgd', learningRate: 0.01, batchSize: 32 },
        quantize: { format: 'int8' },
      },
      { minimumAccuracy: 0.97, accuracies: 'deployed', onProgress: ({ stage }) => stages.push(stage) },
    ),
    (error: unknown) =>
      error instanceof CompressionError && error.code === 'HOPELESS' && /97\.0 % asked/.test(error.message),
  );
  assert.ok(!stages.includes('quantize'));
});
