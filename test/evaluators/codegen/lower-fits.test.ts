import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lower } from '../../../evaluators/codegen/lower.ts';
import { predictLatency } from '../../../evaluators/codegen/predict/speed-model.ts';
import { fuseQuantized } from '../../../evaluators/compress/fuse-quantized.ts';
import { board } from '../../support/boards.ts';
import { referenceModel } from '../../support/reference-model.ts';
import { skipWithoutShared } from '../../support/shared.ts';

test('kernels that need working memory give way where the board has too little RAM', {
  skip: skipWithoutShared(),
}, () => {
  const graph = fuseQuantized(referenceModel('mlperf-tiny/kws-dscnn.int8-pc').graph);
  const pico = board('pico');
  const fast = lower(graph, pico);
  const small = lower(graph, pico, { kernels: 'reference' });
  assert.ok(small.arenaBytes < fast.arenaBytes);
  for (const ramBytes of [fast.arenaBytes - 1, small.arenaBytes])
    assert.ok(lower(graph, { ...pico, ramBytes }).arenaBytes <= ramBytes);
});

test('layers run in patches where the board has too little RAM, as few cycles as that takes', {
  skip: skipWithoutShared(),
}, () => {
  const graph = fuseQuantized(referenceModel('mlperf-tiny/ic-resnet8.tflite-int8').graph);
  const nano = board('nano33ble');
  assert.equal(lower(graph, nano, { optimize: 'speed' }).loops.length, 0);
  const least = lower(graph, nano, { optimize: 'ram' });
  const scarce = { ...nano, ramBytes: 26_000 };
  const fitting = lower(graph, scarce);
  assert.ok(fitting.loops.length > 0 && fitting.arenaBytes <= 26_000);
  assert.ok(predictLatency(fitting, nano).cycles <= predictLatency(least, nano).cycles);
  assert.ok(lower(graph, scarce, { optimize: 'speed' }).loops.length === 0);
});

test('where much of the RAM is in use, patches that cost hardly any time are taken unasked', {
  skip: skipWithoutShared(),
}, () => {
  const graph = fuseQuantized(referenceModel('mlperf-tiny/ic-resnet8.tflite-int8').graph);
  const nano = board('nano33ble');
  const whole = lower(graph, nano, { patches: 'none' });
  const byDefault = lower(graph, nano);
  assert.ok(byDefault.loops.length > 0 && byDefault.arenaBytes <= nano.ramBytes / 8);
  assert.ok(predictLatency(byDefault, nano).cycles <= 1.01 * predictLatency(whole, nano).cycles);
  const large = { ...nano, ramBytes: 8 * whole.arenaBytes };
  assert.equal(lower(graph, large).loops.length, 0);
});
