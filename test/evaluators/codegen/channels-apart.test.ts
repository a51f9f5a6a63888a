/** A few channels that the Cortex-M0+ cannot compute in integers are computed apart, with the interpreter's bytes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runOnCore } from '../../../bench/support/network-on-core.ts';
import { armToolchain, isMissing } from '../../../evaluators/build/toolchain.ts';
import { tensor } from '../../../evaluators/ir/tensor.ts';
import { interpret } from '../../../evaluators/ops/interpret.ts';
import { board } from '../../support/boards.ts';
import { type IntegerLayerCase, integerLayers } from '../../support/integer-network.ts';
import { randomBytes } from '../../support/random-integer-layers.ts';

/** 1×1 over 8 channels; channels 2, 3 and 9 of 16 hardly depend on their inputs: a bias of 5e8 times a scale of about 1.4e-7, between two results. */
function layer(perTensor: boolean): IntegerLayerCase {
  const apart = new Set([2, 3, 9]);
  const weights = Int8Array.from({ length: 16 * 8 }, (_, i) => ((i * 89) % 251) - 125);
  const scales = Float32Array.from({ length: 16 }, (_, c) => (apart.has(c) ? Math.fround(1.4e-7 + c * 1e-10) : 0.003));
  return {
    op: { kind: 'QLinearConv', group: 1, kernelShape: [1, 1], strides: [1, 1], dilations: [1, 1], pads: [0, 0, 0, 0] },
    x: [1, 8, 3, 5],
    y: [1, 16, 3, 5],
    tensors: {
      xs: tensor('float32', [], Float32Array.of(1)),
      xz: tensor('int8', [], Int8Array.of(-7)),
      w: tensor('int8', [16, 8, 1, 1], weights),
      ws: tensor('float32', [16], scales),
      wz: perTensor
        ? tensor('int8', [], Int8Array.of(3))
        : tensor(
            'int8',
            [16],
            Int8Array.from(scales, (_, c) => c % 3),
          ),
      ys: tensor('float32', [], Float32Array.of(1)),
      yz: tensor('int8', [], Int8Array.of(5)),
      b: tensor(
        'int32',
        [16],
        Int32Array.from({ length: 16 }, (_, c) => (apart.has(c) ? 70.5 / (scales[c] ?? 1) : 40 * c)),
      ),
    },
    inputs: ['x', 'xs', 'xz', 'w', 'ws', 'wz', 'ys', 'yz', 'b'],
  };
}

const skip = isMissing(armToolchain()) ? 'no Arm compiler' : false;

test('channels that hardly depend on their inputs are computed apart on the Cortex-M0+', { skip }, async () => {
  for (const perTensor of [false, true]) {
    const { graph, inputBytes } = integerLayers('int8', [layer(perTensor)]);
    const bytes = randomBytes(4, inputBytes);
    const x = tensor('int8', [1, inputBytes], new Int8Array(bytes.buffer));
    const y = interpret(graph, new Map([['x', x]])).get('y');
    assert.ok(y !== undefined);
    const run = await runOnCore(graph, board('pico'), [bytes], { kind: 'zeroWait' });
    assert.deepEqual(run.outputs[0], new Uint8Array(y.data.buffer));
    const { steps, layers } = run.program;
    const kernels = steps.flatMap(({ kernel, layer }) => (layers[layer]?.op === 'QLinearConv' ? [kernel] : []));
    const wanted = ['dnnrt_conv2d_s8_swar', 'dnnrt_conv2d_s8', 'dnnrt_copy_runs', 'dnnrt_copy_runs'];
    assert.deepEqual(
      kernels.filter((kernel) => wanted.includes(kernel)),
      wanted,
    );
  }
});
