/** Forms of operators that random networks brought to light: the same in C as in the interpreter. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Graph, interpret, lower, type Op, tensor } from '@tinypareto/evaluators';
import { hostToolchain, isMissing } from '../../../evaluators/build/toolchain.ts';
import { portBytes, portTensor } from '../../../evaluators/codegen/emit/port-data.ts';
import { board } from '../../support/boards.ts';
import { temporaryCache } from '../../support/build-cache.ts';
import { buildHostBatch } from '../../support/host-batch.ts';
import { noise } from '../../support/random-graph.ts';
import { GraphWriter } from '../../support/unrolled-layers.ts';

const quantize: Op = { kind: 'QuantizeLinear', axis: 0, blockSize: 0, to: 'uint8' };
const dequantize: Op = { kind: 'DequantizeLinear', axis: 0, blockSize: 0 };

/** The maximum of bytes that kernels keep 128 lower. */
function globalMaximum(): Graph {
  const g = new GraphWriter();
  const scale = g.constant(tensor('float32', [], Float32Array.of(0.02)));
  const zero = g.constant(tensor('uint8', [], Uint8Array.of(116)));
  const bytes = g.emit(quantize, g.input('x', 1, 3, 4, 4), scale, zero);
  const most = g.emit({ kind: 'GlobalPool', fn: 'Max', p: 0 }, bytes);
  return g.finish([g.emit(dequantize, most, scale, zero)]);
}

/** All axes repeated: more loops than one copy has. */
function repeated(): Graph {
  const g = new GraphWriter();
  return g.finish([g.emit({ kind: 'Tile', repeats: [2, 3, 2, 2] }, g.input('x', 1, 3, 4, 4))]);
}

/** Neighbouring axes of a turned image cut anew, then brought into order. */
function recut(): Graph {
  const g = new GraphWriter();
  const turned = g.emit({ kind: 'Transpose', perm: [2, 3, 0, 1] }, g.input('x', 1, 3, 4, 4));
  const cut = g.emit({ kind: 'Reshape', shape: [2, 8, 3] }, turned);
  const back = g.emit({ kind: 'Transpose', perm: [2, 0, 1] }, cut);
  return g.finish([g.emit({ kind: 'Reshape', shape: [6, 8] }, back), g.emit({ kind: 'Reshape', shape: [8, 6] }, back)]);
}

/** A third operand that counts for nothing does not hide the limits. */
function limitedProduct(): Graph {
  const g = new GraphWriter();
  const rows = g.emit({ kind: 'Reshape', shape: [6, 8] }, g.input('x', 1, 3, 4, 4));
  const gemm: Op = { kind: 'Gemm', alpha: 1, beta: 0, transA: true, transB: false, clamp: { min: 0, max: 0.25 } };
  return g.finish([g.emit(gemm, rows, g.weights(6, 2), g.weights(8, 2))]);
}

test('rare forms are computed in C as by the interpreter', {
  skip: isMissing(hostToolchain()) ? 'no C compiler' : false,
}, async () => {
  const graphs = [globalMaximum(), repeated(), recut(), limitedProduct()];
  const programs = graphs.map((graph, i) => lower(graph, board('host'), { prefix: `n${i}` }));
  const batch = await buildHostBatch(programs, temporaryCache());
  const x = tensor('float32', [1, 3, 4, 4], noise(3, 48));
  for (const [i, graph] of graphs.entries()) {
    const wanted = interpret(graph, new Map([['x', x]]));
    const [outputs = []] = await batch.run(i, [[portBytes(x)]]);
    programs[i]?.outputs.forEach((port, at) => {
      const actual = portTensor(port, outputs[at] ?? new Uint8Array());
      const expected = wanted.get(port.name) ?? assert.fail();
      assert.deepEqual(actual.shape, expected.shape);
      actual.data.forEach((value, k) => {
        assert.ok(Math.abs(Number(value) - Number(expected.data[k])) < 1e-6, `network ${i}, element ${k}`);
      });
    });
  }
});
