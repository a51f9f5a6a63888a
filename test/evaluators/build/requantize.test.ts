import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { hostToolchain, isMissing } from '../../../evaluators/build/toolchain.ts';
import { temporaryCache } from '../../support/build-cache.ts';

test('requantization in integers gives the bits of the float definition', {
  skip: isMissing(hostToolchain()) && 'no C compiler',
}, () => {
  const toolchain = hostToolchain();
  assert.ok(!isMissing(toolchain));
  const run = join(temporaryCache(), 'run');
  const sources = ['runtime-c/test/requantize_agreement.c', 'runtime-c/src/quantize/dnnrt_requantize_integer.c'];
  const flags = ['-std=c99', '-O2', '-ffp-contract=off', '-Iruntime-c/include', '-Iruntime-c/src'];
  execFileSync(toolchain.compiler, [...flags, ...sources, '-o', run]);
  assert.match(execFileSync(run, ['2000000'], { encoding: 'utf8' }), /^0 mismatches in 2000000/);
});

test('requantization by a prepared channel gives the bits of the float definition', {
  skip: isMissing(hostToolchain()) && 'no C compiler',
}, () => {
  const toolchain = hostToolchain();
  assert.ok(!isMissing(toolchain));
  const run = join(temporaryCache(), 'run');
  const sources = ['runtime-c/test/requantize_channel.c', 'runtime-c/src/quantize/dnnrt_requantize_integer.c'];
  const flags = ['-std=c99', '-O2', '-ffp-contract=off', '-Iruntime-c/include', '-Iruntime-c/src'];
  execFileSync(toolchain.compiler, [...flags, ...sources, '-o', run]);
  assert.match(execFileSync(run, ['2000000'], { encoding: 'utf8' }), /^0 mismatches in 2000000/);
});

test('add, multiply, average, softmax, quantize and dequantize in integers give the bits of the float definitions', {
  skip: isMissing(hostToolchain()) && 'no C compiler',
}, () => {
  const toolchain = hostToolchain();
  assert.ok(!isMissing(toolchain));
  const run = join(temporaryCache(), 'run');
  const functions = [
    'elementwise/dnnrt_add_s8',
    'swar/dnnrt_swar_add',
    'elementwise/dnnrt_mul_s8',
    'pool/dnnrt_average_pool2d_s8',
    'reduce/dnnrt_softmax_s8',
    'quantize/dnnrt_quantize_f32_s8',
    'quantize/dnnrt_dequantize_s8_f32',
  ];
  const sources = [
    'runtime-c/test/integer_paths.c',
    'runtime-c/src/quantize/dnnrt_requantize_integer.c',
    ...functions.map((name) => `runtime-c/src/${name}.c`),
  ];
  for (const form of ['-DDNNRT_INTEGER_REQUANTIZE=1', '-DDNNRT_ADD_QUADS=1']) {
    const flags = ['-std=c99', '-O2', '-ffp-contract=off', form, '-Iruntime-c/include', '-Iruntime-c/src'];
    execFileSync(toolchain.compiler, [...flags, ...sources, '-o', run, '-lm']);
    assert.match(execFileSync(run, ['3000'], { encoding: 'utf8' }), /^0 mismatches in 4608000/);
  }
});
