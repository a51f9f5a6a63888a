/** Layers in patches of rows compute what they compute at once, in all kernel sets, with and without rows that are kept. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  emitC,
  type Graph,
  interpret,
  type LowerOptions,
  lower,
  type Node,
  type PatchLoop,
  type Program,
  tensor,
} from '@tinypareto/evaluators';
import { buildHost, runHost } from '../../../evaluators/build/build-host.ts';
import { hostToolchain, isMissing } from '../../../evaluators/build/toolchain.ts';
import { portTensor } from '../../../evaluators/codegen/emit/port-data.ts';
import type { KernelSet } from '../../../evaluators/codegen/kernels/kernel-set.ts';
import { board } from '../../support/boards.ts';
import { temporaryCache } from '../../support/build-cache.ts';
import { difference } from '../../support/exactness.ts';
import { buildHostBatch } from '../../support/host-batch.ts';
import { randomChain } from '../../support/random-chain.ts';
import { noise } from '../../support/random-graph.ts';
import { smallGraph } from '../../support/small-graph.ts';

const cache = temporaryCache();
const skip = isMissing(hostToolchain()) ? 'no C compiler' : false;
const CHAINS = 40;
const PROGRAMS = 24;

/** Bytes between -120 and 119; floats between -1 and 1. */
function inputBytes(type: string, elements: number, seed: number): Uint8Array {
  const value = (i: number) => (Math.imul(i + 1 + seed, 2654435761) >>> 8) / 2 ** 24;
  if (type === 'float')
    return new Uint8Array(Float32Array.from({ length: elements }, (_, i) => value(i) * 2 - 1).buffer);
  return new Uint8Array(Int8Array.from({ length: elements }, (_, i) => Math.floor(value(i) * 240 - 120)).buffer);
}

/** Undefined when these layers cannot run in so many patches. */
function inPatches(graph: Graph, options: LowerOptions): Program | undefined {
  try {
    return lower(graph, board('host'), options);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** Whether a result of the loop shares bytes with an operand of it. */
function liesUnder({ memory, aliases, placed }: Program, loop: PatchLoop): boolean {
  const at = (id: string) => memory.offsets.get(aliases.get(id) ?? id) ?? assert.fail(id);
  const bytes = (id: string) => placed.find((buffer) => buffer.id === (aliases.get(id) ?? id))?.bytes ?? 0;
  return loop.overlaps.some(({ below, above }) => at(below) <= at(above) && at(above) < at(below) + bytes(below));
}

for (const kernels of ['reference', 'cortex-m4f', 'cortex-m0plus'] as const satisfies readonly KernelSet[]) {
  test(`${kernels}: patches give the same bytes`, { skip }, async () => {
    const made: { graph: Graph; program: Program }[] = [];
    for (let seed = 0; seed < CHAINS && made.length < PROGRAMS; seed++) {
      const graph = randomChain(seed, seed % 4 !== 0, seed % 3 === 0 ? 1 : 4);
      for (let layers = 1; layers <= graph.nodes.length; layers++) {
        const patches = { layers, patches: 2 + ((seed + layers) % 5), keepsRows: (seed + layers) % 3 !== 0 };
        const program = inPatches(graph, { prefix: `n${made.length}`, kernels, patches });
        if (program !== undefined) made.push({ graph, program });
      }
    }
    assert.ok(made.length >= PROGRAMS, `only ${made.length} programs`);
    const batch = await buildHostBatch(
      made.map(({ program }) => program),
      cache,
    );
    const under = made.filter(({ program }) => program.loops.some((loop) => liesUnder(program, loop)));
    assert.ok(under.length >= 4, `only ${under.length} results lie under what they are made of`);
    for (const [index, { graph, program }] of made.entries()) {
      const inputs = program.inputs.map((port) => inputBytes(port.type, port.elements, index));
      const [outputs = []] = await batch.run(index, [inputs]);
      const feeds = new Map(
        program.inputs.map((port, i) => [port.name, portTensor(port, inputs[i] ?? new Uint8Array())]),
      );
      const expected = interpret(graph, feeds);
      program.outputs.forEach((port, i) => {
        const wanted = expected.get(port.name) ?? assert.fail(port.name);
        const actual = portTensor(port, outputs[i] ?? new Uint8Array());
        assert.equal(difference(actual, wanted, 'ONNX Runtime'), undefined, `program ${index}`);
      });
    }
  });
}

/** Two residual blocks in float, their sums limited in place. */
function residualBlocks(): Graph {
  const same = { kernelShape: [3, 3], dilations: [1, 1], pads: [1, 1, 1, 1], group: 1 };
  const weights = (out: number, depth: number, seed: number) =>
    tensor(
      'float32',
      [out, depth, 3, 3],
      noise(seed, out * depth * 9).map((value) => value / 8),
    );
  const limit = { min: 0, max: 1 };
  const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
  const nodes: Node[] = [
    { name: 'a', op: { kind: 'Conv', ...same, strides: [1, 1] }, inputs: ['x', 'w0'], outputs: ['a'] },
    { name: 'b', op: { kind: 'Conv', ...same, strides: [1, 1] }, inputs: ['a', 'w1'], outputs: ['b'] },
    { name: 'c', op: { kind: 'Binary', fn: 'Add', clamp: limit }, inputs: ['a', 'b'], outputs: ['c'] },
    { name: 'd', op: { kind: 'Conv', ...same, strides: [2, 2] }, inputs: ['c', 'w2'], outputs: ['d'] },
    { name: 'e', op: { kind: 'Conv', ...same, strides: [2, 2] }, inputs: ['c', 'w3'], outputs: ['e'] },
    { name: 'f', op: { kind: 'Conv', ...same, strides: [1, 1] }, inputs: ['e', 'w4'], outputs: ['f'] },
    { name: 'g', op: { kind: 'Binary', fn: 'Add', clamp: limit }, inputs: ['d', 'f'], outputs: ['g'] },
  ];
  return smallGraph({
    inputs: { x: [1, 2, 32, 32] },
    initializers: {
      w0: weights(8, 2, 1),
      w1: weights(8, 8, 2),
      w2: weights(8, 8, 3),
      w3: weights(8, 8, 4),
      w4: weights(8, 8, 5),
    },
    nodes,
    values: Object.fromEntries(names.map((name, i) => [name, i < 3 ? [1, 8, 32, 32] : [1, 8, 16, 16]])),
    outputs: ['g'],
  });
}

test('sums that are limited in place are whole before patches begin', { skip }, async () => {
  const graph = residualBlocks();
  const program = lower(graph, board('host'), { patches: 'auto' });
  assert.ok(program.loops.length > 0);
  const built = await buildHost(program, cache);
  assert.ok(built.kind === 'built');
  const [port] = program.inputs;
  assert.ok(port !== undefined);
  const bytes = inputBytes(port.type, port.elements, 3);
  const { outputs } = await runHost(built, [[bytes]]);
  const wanted = interpret(graph, new Map([['x', portTensor(port, bytes)]])).get('g') ?? assert.fail('g');
  const [to] = program.outputs;
  assert.ok(to !== undefined);
  const actual = portTensor(to, outputs[0]?.[0] ?? new Uint8Array());
  assert.equal(difference(actual, wanted, 'ONNX Runtime'), undefined);
});

test('patches in the blob form give the same bytes', { skip }, async () => {
  const program = lower(randomChain(1, true, 4), board('host'), { patches: { layers: 3, patches: 3 } });
  assert.equal(program.loops.length, 1);
  const inputs = [program.inputs.map((port) => inputBytes(port.type, port.elements, 5))];
  const outputs = await Promise.all(
    [false, true].map(async (blob) => {
      const built = await buildHost(program, cache, emitC(program, { blob }));
      assert.ok(built.kind === 'built');
      return (await runHost(built, inputs)).outputs;
    }),
  );
  assert.deepEqual(outputs[1], outputs[0]);
});

test('patches that cannot be are refused with the reason', () => {
  const graph = randomChain(1, true, 4);
  const patched = (layers: number, patches: number) => () =>
    lower(graph, board('host'), { patches: { layers, patches } });
  assert.throws(patched(3, 1), /cannot run in 1 patches/);
  assert.throws(patched(0, 2), /the first 0 layers cannot run in patches/);
});
