import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildHost, runHost } from '../../../evaluators/build/build-host.ts';
import { armToolchain, hostToolchain, isMissing } from '../../../evaluators/build/toolchain.ts';
import { lower } from '../../../evaluators/codegen/lower.ts';
import type { Graph, Node } from '../../../evaluators/ir/graph.ts';
import { type Tensor, tensor } from '../../../evaluators/ir/tensor.ts';
import { interpret } from '../../../evaluators/ops/interpret.ts';
import { runOnVirtualBoard } from '../../../evaluators/pipeline/virtual-board.ts';
import { board } from '../../support/boards.ts';
import { temporaryCache } from '../../support/build-cache.ts';
import { generator, integerInputs, integerLayers } from '../../support/integer-layers.ts';
import { bytesOfTensor } from '../../support/reference-model.ts';
import { smallGraph } from '../../support/small-graph.ts';

const cache = temporaryCache();
const DENSE = { kernels: 'cortex-m0plus', weights: 'dense' } as const;
/** One coding everywhere, so that sizes do not decide; weights of 4 bits have a kernel of their own. */
const NIBBLES = { kernels: 'cortex-m0plus', weights: 'all' } as const;

const CASES = [
  { seed: 1, nibbles: false, least: 18 },
  { seed: 2, nibbles: false, least: 18 },
  { seed: 3, nibbles: false, least: 18 },
  // Sums of exactly -2^15.
  { seed: 201, nibbles: false, least: 18 },
  { seed: 204, nibbles: false, least: 18 },
  { seed: 4, nibbles: true, least: 6 },
  { seed: 5, nibbles: true, least: 6 },
];

function samplesOf(graph: Graph, seed: number, count: number) {
  const draw = generator(seed);
  return Array.from({ length: count }, () => integerInputs(graph, draw));
}

function compare(graph: Graph, inputs: Map<string, Tensor>, outputs: readonly Uint8Array[]): void {
  const expected = interpret(graph, inputs);
  graph.outputs.forEach((name, index) => {
    const tensor = expected.get(name);
    assert.ok(tensor !== undefined);
    assert.deepEqual(
      outputs[index],
      Uint8Array.from(bytesOfTensor(tensor)),
      `${name} of ${graph.nodes[index]?.op.kind}`,
    );
  });
}

const bytesOf = (graph: Graph, inputs: Map<string, Tensor>) =>
  graph.inputs.map(({ name }) => {
    const tensor = inputs.get(name);
    assert.ok(tensor !== undefined);
    return Uint8Array.from(bytesOfTensor(tensor));
  });

test('packed-pair kernels, portable form: the bits of the interpreter for random layers', {
  skip: isMissing(hostToolchain()) && 'no C compiler',
}, async () => {
  for (const { seed, nibbles, least } of CASES) {
    const graph = integerLayers(seed, 24, nibbles);
    const program = lower(graph, board('host'), nibbles ? NIBBLES : DENSE);
    const kernels = program.steps.filter(({ kernel }) => kernel.endsWith(nibbles ? 's4_swar' : '_swar'));
    assert.ok(kernels.length >= least, `${kernels.length} layers have a kernel`);
    const built = await buildHost(program, cache);
    assert.ok(built.kind === 'built');
    const samples = samplesOf(graph, seed + 100, 12);
    const run = await runHost(
      built,
      samples.map((inputs) => bytesOf(graph, inputs)),
    );
    for (const [i, inputs] of samples.entries()) compare(graph, inputs, run.outputs[i] ?? []);
  }
});

test('packed-pair kernels, assembly: the bits of the interpreter for random layers', {
  skip: isMissing(armToolchain()) && 'no Arm compiler',
}, async () => {
  for (const { seed, nibbles } of CASES.slice(4, 6)) {
    const graph = integerLayers(seed, 24, nibbles);
    const program = lower(graph, board('pico'), nibbles ? NIBBLES : DENSE);
    const samples = samplesOf(graph, seed, 3);
    const run = await runOnVirtualBoard(
      program,
      board('pico'),
      samples.map((inputs) => bytesOf(graph, inputs)),
      cache,
    );
    for (const [i, inputs] of samples.entries()) compare(graph, inputs, run.inferences[i]?.outputs ?? []);
  }
});

/** Sums of two tensors whose scales give results of every size, saturation and ties. */
function additions(seed: number, count: number): Graph {
  const draw = generator(seed);
  const nodes: Node[] = [];
  const inputs: Record<string, readonly number[]> = {};
  const values: Record<string, readonly number[]> = {};
  const initializers: Record<string, Tensor> = {};
  for (let i = 0; i < count; i++) {
    const shape = [1, 1 + draw(40)];
    const scale = () => (draw(3) === 0 ? 2 ** -draw(6) : 0.02 + draw(100) / 50);
    for (const role of ['a', 'b', 'y']) {
      initializers[`${role}s${i}`] = tensor('float32', [], Float32Array.of(scale()));
      initializers[`${role}z${i}`] = tensor('int8', [], Int8Array.of(draw(256) - 128));
    }
    inputs[`a${i}`] = shape;
    inputs[`b${i}`] = shape;
    values[`y${i}`] = shape;
    const names = ['a', 'as', 'az', 'b', 'bs', 'bz', 'ys', 'yz'].map((role) => `${role}${i}`);
    const clamp = draw(3) === 0 ? { clamp: { min: -20, max: 60 } } : {};
    nodes.push({
      name: `n${i}`,
      op: { kind: 'QLinearBinary', fn: 'Add', ...clamp },
      inputs: names,
      outputs: [`y${i}`],
    });
  }
  const types = [...Object.keys(inputs), ...Object.keys(values)].map((name) => [name, 'int8'] as const);
  const outputs = Object.keys(values);
  return smallGraph({ inputs, initializers, nodes, values, dtypes: Object.fromEntries(types), outputs });
}

for (const name of ['pico', 'nano33ble'] as const) {
  test(`addition on ${name}, several sums at a time: the bits of the interpreter`, {
    skip: isMissing(armToolchain()) && 'no Arm compiler',
  }, async () => {
    const graph = additions(7, 12);
    const samples = samplesOf(graph, 70, 4);
    const run = await runOnVirtualBoard(
      lower(graph, board(name)),
      board(name),
      samples.map((inputs) => bytesOf(graph, inputs)),
      cache,
    );
    for (const [i, inputs] of samples.entries()) compare(graph, inputs, run.inferences[i]?.outputs ?? []);
  });
}
