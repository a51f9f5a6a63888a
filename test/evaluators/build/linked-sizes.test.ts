import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { type CompiledBuffer, compileModel } from '../../../evaluators/build/compile-model.ts';
import { armToolchain, isMissing } from '../../../evaluators/build/toolchain.ts';
import { board } from '../../support/boards.ts';
import { temporaryCache } from '../../support/build-cache.ts';
import { referenceModel } from '../../support/reference-model.ts';
import { skipWithoutShared } from '../../support/shared.ts';

const cache = temporaryCache();
const toolchain = armToolchain();
const noCompiler = isMissing(toolchain)
  ? 'no arm-none-eabi-gcc'
  : toolchain.version.includes('12.2')
    ? false
    : 'the size model is of gcc 12.2';
const skip = skipWithoutShared() || noCompiler;

const MODELS = [
  'lenet/lenet5-classic.int8-pc',
  'har/har-cnn1d',
  'har/har-mlp.int8-pt',
  'har/har-resnet1d.int8-pc',
  'mlperf-tiny/kws-dscnn.uint8',
  'mlperf-tiny/ic-resnet8.int8-pc',
  'har/har-lstm',
  'fuzz-nets/fuzz01008',
  'fuzz-nets/fuzz01034',
];

/** Bytes of the buffers that are needed at one step, each in whole words. */
function aliveBytes(buffers: readonly CompiledBuffer[], step: number): number {
  return buffers
    .filter(({ lower, upper }) => lower <= step && step < upper)
    .reduce((sum, { bytes }) => sum + Math.ceil(bytes / 4) * 4, 0);
}

for (const name of ['pico', 'nano33ble'] as const) {
  for (const model of MODELS) {
    test(`${model} on ${name}: predicted RAM is the linked RAM, predicted ROM within 1 %`, { skip }, async () => {
      const result = await compileModel(referenceModel(model).graph, board(name), { cacheFolder: cache });
      const { linked } = result;
      assert.ok(linked !== null);
      const romBytes = linked.text + linked.rodata + linked.data;
      assert.equal(result.ramBytes, linked.data + linked.bss);
      assert.ok(Math.abs(result.romBytes / romBytes - 1) <= 0.01, `predicted ${result.romBytes}, linked ${romBytes}`);
      // No byte is lost between buffers: the peak is what is alive together, or less where buffers lie under others.
      const { peak, lowerBound } = result.planner;
      const alive = Math.max(...result.buffers.map(({ lower }) => aliveBytes(result.buffers, lower)));
      assert.ok(lowerBound <= peak && peak <= alive, `${peak} with ${alive} alive, bound ${lowerBound}`);
    });
  }
}

test('the committed size model is what this compiler makes', { skip: noCompiler }, () => {
  execFileSync(process.execPath, ['scripts/measure-runtime-sizes.ts', '--check'], { stdio: 'pipe' });
});
