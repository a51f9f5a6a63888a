/** Metrics against closed forms and a naive count. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { areaUnderCurve, classAuc, meanSquaredError, topK } from '../../../evaluators/train/metrics.ts';
import { createStream } from '../../../evaluators/train/rng.ts';

test('top-k counts the label among the k largest', () => {
  const outputs = Float32Array.of(1, 3, 2, 5, 5, 0);
  const labels = Int32Array.of(2, 1);
  assert.equal(topK(outputs, 3, labels, 1), 0);
  assert.equal(topK(outputs, 3, labels, 2), 1);
  assert.equal(topK(outputs, 3, Int32Array.of(1, 0), 1), 1);
});

test('AUC is the share of rightly ordered pairs, ties half', () => {
  const stream = createStream(5, 'auc');
  const scores = Float32Array.from({ length: 60 }, () => stream.nextInt(12));
  const truth = Array.from(scores, (s) => s + stream.nextInt(10) > 10);
  let pairs = 0;
  let ordered = 0;
  scores.forEach((a, i) => {
    scores.forEach((b, j) => {
      if (!truth[i] || truth[j]) return;
      pairs++;
      ordered += a > b ? 1 : a === b ? 0.5 : 0;
    });
  });
  assert.ok(Math.abs(areaUnderCurve(scores, (i) => truth[i]) - ordered / pairs) < 1e-12);
  assert.ok(Number.isNaN(areaUnderCurve(scores, () => true)));
});

test('class AUC is 1 for separable outputs and leaves out classes that do not occur', () => {
  assert.equal(classAuc(Float32Array.of(1, 0, 0, 0, 1, 0, 0.9, 0.2, 0), 3, Int32Array.of(0, 1, 0)), 1);
  assert.equal(classAuc(Float32Array.of(0.1, 0.8, 0.4), 1, Int32Array.of(0, 1, 1)), 1);
});

test('mean squared error', () => {
  assert.equal(meanSquaredError(Float32Array.of(1, 2), Float32Array.of(0, 4)), 2.5);
});
