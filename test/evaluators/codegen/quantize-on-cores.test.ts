/** Quantization of floats on the virtual cores gives the bits of its definition: at ties and next to them, beyond all limits, and for no numbers. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runOnCore } from '../../../bench/support/network-on-core.ts';
import { armToolchain, isMissing } from '../../../evaluators/build/toolchain.ts';
import { tensor } from '../../../evaluators/ir/tensor.ts';
import { interpret } from '../../../evaluators/ops/interpret.ts';
import { board } from '../../support/boards.ts';
import { generator } from '../../support/integer-layers.ts';
import { smallGraph } from '../../support/small-graph.ts';

const COUNT = 2000;
const SPECIAL = [0, -0, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e-45, -1e-45, 3.4e38, -3.4e38];

/** The float `steps` representable ones from `value`. */
function beside(value: number, steps: number): number {
  const bits = new Int32Array(Float32Array.of(value).buffer);
  bits[0] = (bits[0] ?? 0) + steps;
  return new Float32Array(bits.buffer)[0] ?? 0;
}

const skip = isMissing(armToolchain()) ? 'no Arm compiler' : false;

for (const name of ['pico', 'nano33ble'] as const) {
  test(`quantization on ${name}`, { skip }, async () => {
    for (const [seed, scale] of [0.0078125, 0.1, 1 / 255, 0.0234567, 3, 1e-38, 1e36].map(Math.fround).entries()) {
      const draw = generator(seed + 1);
      const values = Float32Array.from({ length: COUNT }, (_, i) => {
        const half = Math.fround((draw(1101) - 550) * 0.5 * scale);
        if (i % 4 === 0) return beside(half, draw(9) - 4);
        if (i % 4 === 1) return half * (1 + (draw(2001) - 1000) / 2 ** 20);
        if (i % 4 === 2) return ((draw(60001) - 30000) / 100) * scale;
        return SPECIAL[draw(SPECIAL.length)] ?? 0;
      });
      const scalar = { dtype: 'float32', shape: [], data: Float32Array.of(scale) } as const;
      const graph = smallGraph({
        inputs: { x: [1, COUNT] },
        initializers: { scale: scalar, zero: { dtype: 'int8', shape: [], data: Int8Array.of(draw(256) - 128) } },
        nodes: [
          {
            name: 'q',
            op: { kind: 'QuantizeLinear', axis: 1, blockSize: 0, to: 'int8' },
            inputs: ['x', 'scale', 'zero'],
            outputs: ['y'],
          },
        ],
        values: { y: [1, COUNT] },
        dtypes: { y: 'int8' },
        outputs: ['y'],
      });
      const wanted = interpret(graph, new Map([['x', tensor('float32', [1, COUNT], values)]])).get('y')?.data;
      const run = await runOnCore(graph, board(name), [new Uint8Array(values.buffer)], { kind: 'zeroWait' });
      const actual = new Int8Array(run.outputs[0]?.slice().buffer ?? new ArrayBuffer());
      const at = actual.findIndex((value, i) => value !== wanted?.[i]);
      assert.equal(at, -1, `scale ${scale}: ${values[at]} gives ${actual[at]}, not ${wanted?.[at]}`);
    }
  });
}
