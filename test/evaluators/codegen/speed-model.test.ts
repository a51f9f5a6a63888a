/** Predicted cycles: close to the virtual cores on a few layers of each kind, sums of their layers on whole networks. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fuseQuantized, importOnnx, lower, predictLatency } from '@tinypareto/evaluators';
import { measureLayers } from '../../../bench/support/measured-layers.ts';
import { armToolchain, isMissing } from '../../../evaluators/build/toolchain.ts';
import { board } from '../../support/boards.ts';
import { modelBytes } from '../../support/reference-io.ts';
import { skipWithoutShared } from '../../support/shared.ts';

const noCompiler = isMissing(armToolchain()) ? 'no arm-none-eabi-gcc' : false;
const FAMILIES = ['conv_s8', 'depthwise_s8', 'dense_s8', 'conv_f32', 'max_s8', 'quantize'];

for (const name of ['pico', 'nano33ble'] as const) {
  test(`layers on ${name}: predicted cycles are near those of the virtual core`, { skip: noCompiler }, async () => {
    const spec = board(name);
    const measured = await measureLayers(spec, 2, 7001, FAMILIES);
    const errors = measured.map(({ program, cycles }) => {
      const predicted = predictLatency(program, spec);
      return Math.abs((predicted.cycles - predicted.waitCycles) / cycles - 1);
    });
    const mean = errors.reduce((sum, error) => sum + error, 0) / errors.length;
    assert.ok(mean <= 0.08, `mean error ${(100 * mean).toFixed(1)} %: measure the kernels again`);
  });

  test(`a network on ${name} takes what its layers take`, { skip: skipWithoutShared() }, () => {
    const spec = board(name);
    const program = lower(fuseQuantized(importOnnx(modelBytes('mlperf-tiny', 'kws-dscnn.int8-pc'))), spec);
    const { cycles, waitCycles, layers, latencyUs, guessed } = predictLatency(program, spec);
    const sum = layers.reduce((total, each) => total + each, 0);
    assert.ok(sum < cycles - waitCycles && cycles - waitCycles < 1.05 * sum);
    assert.ok(waitCycles > 0);
    assert.equal(latencyUs, (cycles / spec.clockHz) * 1e6);
    assert.deepEqual(guessed, []);
  });
}
