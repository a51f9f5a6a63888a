/** Pruning to a modelled latency: what was asked is what the virtual board needs in the end. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { armToolchain, isMissing } from '../../../evaluators/build/toolchain.ts';
import { evaluateTrial } from '../../../evaluators/pipeline/evaluate-trial.ts';
import { board } from '../../support/boards.ts';
import { temporaryCache } from '../../support/build-cache.ts';
import { sharedPath, skipWithoutShared } from '../../support/shared.ts';

const cache = temporaryCache();
const skip = skipWithoutShared() || (isMissing(armToolchain()) ? 'no arm-none-eabi-gcc' : false);

test('half of the latency, an upper bound in microseconds, and no board to ask', { skip }, async () => {
  const request = (target: object, modelLatencyIn: string | undefined) =>
    evaluateTrial({
      model: readFileSync(sharedPath('models', 'lenet', 'lenet5-classic.onnx')),
      dataset: {
        kind: 'idx',
        images: 'mnist-train1000-images-idx3-ubyte.gz',
        labels: 'mnist-train1000-labels-idx1-ubyte.gz',
      },
      datasetFolder: sharedPath('models', 'data'),
      plan: {
        prune: { granularity: 'structured', heuristic: 'l1', target: { metric: 'latencyUs', ...target } },
        quantize: { format: 'int8' },
      },
      boards: [board('nano33ble')],
      limits: [],
      evaluateLimit: 50,
      ...(modelLatencyIn === undefined ? {} : { modelLatencyIn }),
    });
  // Times jump by some percent where a width leaves a multiple that a kernel likes.
  for (const target of [{ remove: 0.5 }, { atMost: 13_000 }]) {
    const { outcome } = await request(target, cache);
    assert.equal(outcome.kind, 'completed', outcome.kind === 'infeasible' ? outcome.reason : '');
    if (outcome.kind !== 'completed') return;
    const text = outcome.artifacts.find(({ name }) => name === 'report.json')?.bytes;
    const report = JSON.parse(new TextDecoder().decode(text)) as {
      compression: { achieved: { prune: { target: { asked: number; achieved: number } } } };
    };
    const { asked, achieved } = report.compression.achieved.prune.target;
    assert.ok(achieved >= 0.92 * asked && achieved <= 1.02 * asked, `${achieved} instead of ${asked} µs`);
    if ('atMost' in target) assert.ok(achieved <= asked);
    const latency = outcome.metrics['latencyUs']?.mean ?? 0;
    assert.equal(latency, achieved, 'nothing was trained, so that the foretold time is the measured one');
  }
  const { outcome } = await request({ remove: 0.5 }, undefined);
  assert.ok(outcome.kind === 'infeasible' && /latencyUs target needs a board/.test(outcome.reason));
});
