/** Encoded weights of a whole network: `auto` takes bytes where they cost hardly any time, `small` whatever they cost. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fuseQuantized, importOnnx } from '@tinypareto/evaluators';
import { runOnCore } from '../../../../bench/support/network-on-core.ts';
import { armToolchain, isMissing } from '../../../../evaluators/build/toolchain.ts';
import { chooseEncoding } from '../../../../evaluators/codegen/encodings/choose-encoding.ts';
import { predictSizes } from '../../../../evaluators/codegen/predict/predict-sizes.ts';
import { board } from '../../../support/boards.ts';
import { modelBytes } from '../../../support/reference-io.ts';
import { skipWithoutShared } from '../../../support/shared.ts';

test('a limit of cycles keeps encodings out that are beyond it', () => {
  const values = Int8Array.from({ length: 4096 }, (_, i) => (i % 3 === 0 ? (i % 100) - 50 : 0));
  const matrix = { rows: 16, columns: 256, values, zeroOf: () => 0 };
  const task = { core: 'cortex-m4f', pixels: 1000, tuned: true } as const;
  assert.notEqual(chooseEncoding(matrix, task), null);
  assert.equal(chooseEncoding(matrix, { ...task, cyclesPerByte: 1 }), null);
  assert.notEqual(chooseEncoding(matrix, { ...task, goal: 'small', cyclesPerByte: 1 }), null);
});

const skip = skipWithoutShared() || (isMissing(armToolchain()) ? 'no Arm compiler' : false);

test('a network with auto is smaller than dense and at most 3 % slower, and larger than small', { skip }, async () => {
  const graph = fuseQuantized(importOnnx(modelBytes('mlperf-tiny', 'vww-mobilenetv1.int8-pc')));
  const input = new Uint8Array(graph.inputs[0].shape.reduce((product, size) => product * size, 4));
  const run = (weights: 'auto' | 'dense' | 'small') =>
    runOnCore(graph, board('nano33ble'), [input], { kind: 'zeroWait' }, { weights });
  const [auto, dense, small] = [await run('auto'), await run('dense'), await run('small')];
  assert.ok(auto.cycles <= 1.03 * dense.cycles, `${auto.cycles} of ${dense.cycles} cycles`);
  const [autoRom, denseRom, smallRom] = [auto, dense, small].map(({ program }) => predictSizes(program).romBytes);
  assert.ok(autoRom < 0.6 * denseRom, `${autoRom} of ${denseRom} bytes`);
  assert.ok(smallRom <= autoRom, `${smallRom} of ${autoRom} bytes`);
});
