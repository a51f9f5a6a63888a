/** Memory of the MLPerf Tiny networks with int8 inputs, working memory of the kernels included. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fuseQuantized, importOnnx, lower } from '@tinypareto/evaluators';
import { board } from '../../support/boards.ts';
import { modelBytes } from '../../support/reference-io.ts';
import { skipWithoutShared } from '../../support/shared.ts';

/** What outputs apart from their inputs need at least: 16,000, 49,152 and 55,296 bytes of activations. */
const MOST: Readonly<Record<string, number>> = {
  'kws-dscnn.tflite-int8': 8_700,
  'ic-resnet8.tflite-int8': 32_768,
  'vww-mobilenetv1.tflite-int8': 36_864,
};

for (const [name, most] of Object.entries(MOST)) {
  test(`${name} takes at most ${most} bytes on a Cortex-M4`, { skip: skipWithoutShared() }, () => {
    const { memory, arenaBytes } = lower(
      fuseQuantized(importOnnx(modelBytes('mlperf-tiny', name))),
      board('nano33ble'),
    );
    assert.ok(arenaBytes <= most, `${arenaBytes} bytes`);
    assert.equal(memory.peakBytes, memory.lowerBoundBytes);
    assert.equal(memory.optimal, true);
  });
}
