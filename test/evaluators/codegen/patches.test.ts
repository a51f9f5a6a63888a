/** Layers in patches of rows compute what they compute at once, in all kernel sets, with and without rows that are kept. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  emitC,
  type Graph,
  interpret,
  type LowerOptions,
  lower,
  type PatchLoop,
  type Program,
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
