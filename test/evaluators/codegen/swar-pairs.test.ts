/** Two pixels at once with weights of 4 bits: the bits of the interpreter, on this computer and as assembly, whole, in rows and on two cores. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildHost, runHost } from '../../../evaluators/build/build-host.ts';
import { armToolchain, hostToolchain, isMissing } from '../../../evaluators/build/toolchain.ts';
import { longestPairRun, packPairs } from '../../../evaluators/codegen/kernels/pack-pairs-swar.ts';
import { lower } from '../../../evaluators/codegen/lower.ts';
import type { Graph, Node } from '../../../evaluators/ir/graph.ts';
import { elementCount, type Tensor, tensor } from '../../../evaluators/ir/tensor.ts';
import { interpret } from '../../../evaluators/ops/interpret.ts';
import { runOnVirtualBoard } from '../../../evaluators/pipeline/virtual-board.ts';
import { board } from '../../support/boards.ts';
import { temporaryCache } from '../../support/build-cache.ts';
import { generator, integerInputs } from '../../support/integer-layers.ts';
import { bytesOfTensor } from '../../support/reference-model.ts';
import { smallGraph } from '../../support/small-graph.ts';

const cache = temporaryCache();
const pico = board('pico');

/** Convolutions that the kernel takes: three columns, rows as they come; weights of every size from -8 to 7, some at the limits. */
function layers(seed: number, count: number): Graph {
  const draw = generator(seed);
  const inputs: Record<string, readonly number[]> = {};
  const values: Record<string, readonly number[]> = {};
  const initializers: Record<string, Tensor> = {};
  const nodes: Node[] = [];
  const scalar = (value: number) => tensor('float32', [], Float32Array.of(value));
  for (let i = 0; i < count; i++) {
    const name = (role: string) => `${role}${i}`;
    const [depth, outputs, kernelRows] = [4 * (1 + draw(3)), 8 + draw(12), 1 + draw(4)];
    const [stride, dilation, top, bottom, left] = [1 + draw(2), 1 + draw(2), draw(2), draw(2), draw(3)];
    const width = 2 * (1 + draw(5));
    const right = draw(3);
    const [inW, reach] = [width + 2 - left - right, (kernelRows - 1) * dilation + 1];
    if (inW < 1) continue;
    const inH = Math.max(1, reach - top - bottom) + draw(6);
    const height = Math.floor((inH + top + bottom - reach) / stride) + 1;
    const [x, w] = [
      [1, depth, inH, inW],
      [outputs, depth, kernelRows, 3],
    ];
    inputs[name('x')] = x;
    values[name('y')] = [1, outputs, height, width];
    const kind = draw(3);
    const weights = () =>
      kind === 0 ? 7 - 15 * draw(2) : kind === 1 ? draw(16) - 8 : Math.round((draw(8) + draw(8) - 7) / 2);
    const zero = (value: number) => tensor('int8', [], Int8Array.of(value));
    Object.assign(initializers, {
      [name('w')]: tensor('int8', w, Int8Array.from({ length: elementCount(w) }, weights)),
      [name('xs')]: scalar(1),
      [name('ws')]: scalar(draw(3) === 0 ? 2 ** -(3 + draw(6)) : 10 ** (-draw(300) / 100)),
      [name('ys')]: scalar(1),
      [name('xz')]: zero(draw(3) === 0 ? -128 : draw(256) - 128),
      [name('wz')]: zero(0),
      [name('yz')]: zero(draw(256) - 128),
      [name('b')]: tensor(
        'int32',
        [outputs],
        Int32Array.from({ length: outputs }, () => draw(2001) - 1000),
      ),
    });
    const clamp = draw(3) === 0 ? { min: -draw(100), max: draw(100) } : undefined;
    const op = {
      kind: 'QLinearConv' as const,
      kernelShape: [kernelRows, 3],
      strides: [stride, 1],
      dilations: [dilation, 1],
      pads: [top, left, bottom, right],
      group: 1,
      ...(clamp === undefined ? {} : { clamp }),
    };
    const operands = ['x', 'xs', 'xz', 'w', 'ws', 'wz', 'ys', 'yz', 'b'].map(name);
    nodes.push({ name: name('n'), op, inputs: operands, outputs: [name('y')] });
  }
  const types = [...Object.keys(inputs), ...Object.keys(values)].map((each) => [each, 'int8'] as const);
  const outputs = Object.keys(values);
  return smallGraph({ inputs, initializers, nodes, values, dtypes: Object.fromEntries(types), outputs });
}

const bytesOf = (graph: Graph, inputs: Map<string, Tensor>) =>
  graph.inputs.map(({ name }) => {
    const value = inputs.get(name);
    assert.ok(value !== undefined);
    return Uint8Array.from(bytesOfTensor(value));
  });

function compare(graph: Graph, inputs: Map<string, Tensor>, outputs: readonly Uint8Array[]): void {
  const results = interpret(graph, inputs);
  graph.outputs.forEach((name, index) => {
    const expected = results.get(name);
    assert.ok(expected !== undefined);
    assert.deepEqual(outputs[index], Uint8Array.from(bytesOfTensor(expected)), JSON.stringify(graph.nodes[index]));
  });
}

const inPairs = ({ steps }: ReturnType<typeof lower>) =>
  steps.filter(({ kernel }) => kernel === 'dnnrt_conv2d_s4_pairs_swar').length;

test('pairs of pixels, portable form: the bits of the interpreter', {
  skip: isMissing(hostToolchain()) && 'no C compiler',
}, async () => {
  for (const seed of [1, 2, 3]) {
    const graph = layers(seed, 16);
    // Little RAM makes chunks of channels.
    for (const ramBytes of [pico.ramBytes, 20_000]) {
      const program = lower(graph, { ...pico, ramBytes }, { weights: 'all', patches: 'none' });
      if (ramBytes === pico.ramBytes) assert.ok(inPairs(program) >= 12, `${inPairs(program)} layers`);
      const built = await buildHost(program, cache);
      assert.ok(built.kind === 'built');
      const samples = Array.from({ length: 6 }, (_, i) => integerInputs(graph, generator(seed + i)));
      const run = await runHost(
        built,
        samples.map((inputs) => bytesOf(graph, inputs)),
      );
      for (const [i, inputs] of samples.entries()) compare(graph, inputs, run.outputs[i] ?? []);
    }
  }
});

test('pairs of pixels, assembly, on one core and on two: the bits of the interpreter', {
  skip: isMissing(armToolchain()) && 'no Arm compiler',
}, async () => {
  const graph = layers(4, 14);
  for (const cores of [1, 2]) {
    const program = lower(graph, pico, { weights: 'all', cores });
    assert.ok(inPairs(program) >= 10);
    if (cores === 2)
      assert.ok(program.steps.some(({ kernel, beside }) => beside !== undefined && kernel.includes('pairs')));
    const samples = [5, 6].map((seed) => integerInputs(graph, generator(seed)));
    const run = await runOnVirtualBoard(
      program,
      pico,
      samples.map((inputs) => bytesOf(graph, inputs)),
      cache,
    );
    for (const [i, inputs] of samples.entries()) compare(graph, inputs, run.inferences[i]?.outputs ?? []);
  }
});

test('runs are as long as half a word allows: no sum of a run leaves it, one two of places more may', () => {
  const length = 3 * 64;
  const stored = Int8Array.from({ length: 4 * length }, (_, i) => (i % 5) - 2 + (i % 3));
  const weights = { channels: 4, length, stored };
  const run = longestPairRun(weights);
  assert.ok(run > 1);
  const packed = new Uint8Array(packPairs(weights).buffer);
  assert.equal(packed.length, (4 * length) / 2);
  // First two places of the first channel: columns one after the other, w + 8.
  const at = (column: number, place: number) => stored[column * 64 + place] + 8;
  assert.deepEqual(
    [...packed.subarray(0, 3)],
    [0, 1, 2].map((column) => at(column, 0) | (at(column, 1) << 4)),
  );
  const extreme = { channels: 1, length, stored: new Int8Array(length).fill(-8) };
  // 4 products of at most 1,024 in each two of places: 7 stay below 2^15, and 8 of them reach it.
  assert.equal(longestPairRun(extreme), Math.ceil(32 / Math.ceil(32 / 7)));
});
