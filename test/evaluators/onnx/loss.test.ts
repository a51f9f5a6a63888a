/** Losses against their definition, over random sizes, reductions, weights and ignored classes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { importOnnx, interpret, type Tensor, tensor } from '@tinypareto/evaluators';
import fc from 'fast-check';
import { floatValue, intAttribute, makeModel, node } from '../../support/make-model.ts';
import { noise } from '../../support/random-graph.ts';

const losses = fc.record({
  samples: fc.integer({ min: 1, max: 3 }),
  classes: fc.integer({ min: 2, max: 4 }),
  places: fc.integer({ min: 1, max: 3 }),
  reduction: fc.constantFrom('none', 'sum', 'mean'),
  weighted: fc.boolean(),
  ignored: fc.constantFrom(undefined, 0, 7),
});

test('SoftmaxCrossEntropyLoss is the negative weighted logarithm of the probability of the target', () => {
  const law = fc.property(losses, ({ samples, classes, places, reduction, weighted, ignored }) => {
    const scores = tensor('float32', [samples, classes, places], noise(2, samples * classes * places));
    // Class 0 is there only where others are, so that a mean never divides by nothing.
    const targets = Array.from({ length: samples * places }, (_, i) =>
      i === 0 ? 1 : ignored === 7 && i % 3 === 2 ? 7 : (i * 5) % classes,
    );
    const weights = noise(3, classes).map((value) => Math.abs(value) + 0.5);
    const target = tensor('int64', [samples, places], BigInt64Array.from(targets, BigInt));
    const feeds = new Map<string, Tensor>([
      ['x', scores],
      ['t', target],
    ]);
    if (weighted) feeds.set('w', tensor('float32', [classes], weights));
    const attributes = [
      { name: 'reduction', type: 3, s: new TextEncoder().encode(reduction) },
      ...(ignored === undefined ? [] : [intAttribute('ignore_index', ignored)]),
    ];
    const model = makeModel({
      node: [node('SoftmaxCrossEntropyLoss', [...feeds.keys()], ['y'], attributes)],
      input: [...feeds].map(([name, { shape, dtype }]) => floatValue(name, shape, dtype === 'int64' ? 7 : 1)),
      output: [floatValue('y', reduction === 'none' ? [samples, places] : [])],
    });
    const y = interpret(importOnnx(model), feeds).get('y');

    let [sum, used] = [0, 0];
    targets.forEach((t, i) => {
      const [n, d] = [Math.floor(i / places), i % places];
      const row = Array.from({ length: classes }, (_, c) => Number(scores.data[(n * classes + c) * places + d]));
      const norm = row.reduce((total, value) => total + Math.exp(value), 0);
      const weight = t === ignored ? 0 : weighted ? Number(weights[t]) : 1;
      const loss = weight === 0 ? 0 : -weight * Math.log(Math.exp(row[t] ?? 0) / norm);
      if (reduction === 'none') assert.ok(Math.abs(Number(y?.data[i]) - loss) < 1e-5);
      sum += loss;
      used += weight;
    });
    if (reduction === 'none') return;
    assert.ok(Math.abs(Number(y?.data[0]) - (reduction === 'sum' ? sum : sum / used)) < 1e-5);
  });
  fc.assert(law, { numRuns: 120, seed: 14 });
});
