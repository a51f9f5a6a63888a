/** Outputs that lie under their inputs: every kernel with a rule computes what the interpreter computes, in all kernel sets. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { interpret } from '@tinypareto/evaluators';
import { hostToolchain, isMissing } from '../../../evaluators/build/toolchain.ts';
import { portTensor } from '../../../evaluators/codegen/emit/port-data.ts';
import type { KernelSet } from '../../../evaluators/codegen/kernels/kernel-set.ts';
import { overlapRule } from '../../../evaluators/codegen/kernels/overlap-rules.ts';
import { lower } from '../../../evaluators/codegen/lower.ts';
import { board } from '../../support/boards.ts';
import { temporaryCache } from '../../support/build-cache.ts';
import { difference } from '../../support/exactness.ts';
import { buildHostBatch } from '../../support/host-batch.ts';
import { randomChain } from '../../support/random-chain.ts';

const cache = temporaryCache();
const skip = isMissing(hostToolchain()) ? 'no C compiler' : false;
const CHAINS = 24;

/** Bytes between -120 and 119; floats between -1 and 1. */
function inputBytes(type: string, elements: number, seed: number): Uint8Array {
  const value = (i: number) => (Math.imul(i + 1 + seed, 2654435761) >>> 8) / 2 ** 24;
  if (type === 'float')
    return new Uint8Array(Float32Array.from({ length: elements }, (_, i) => value(i) * 2 - 1).buffer);
  return new Uint8Array(Int8Array.from({ length: elements }, (_, i) => Math.floor(value(i) * 240 - 120)).buffer);
}

for (const kernels of ['reference', 'cortex-m4f', 'cortex-m0plus'] as const satisfies readonly KernelSet[]) {
  test(`${kernels}: results under their inputs`, { skip }, async () => {
    const graphs = Array.from({ length: CHAINS }, (_, i) => randomChain(i, i % 4 !== 0));
    const programs = graphs.map((graph, i) => lower(graph, board('host'), { prefix: `n${i}`, kernels }));
    const batch = await buildHostBatch(programs, cache);
    let under = 0;
    for (const [index, program] of programs.entries()) {
      const graph = graphs[index] ?? assert.fail();
      const offset = (id: string) => program.memory.offsets.get(program.aliases.get(id) ?? id) ?? assert.fail(id);
      const bytes = new Map(program.buffers.map((buffer) => [buffer.id, buffer.bytes]));
      for (const step of program.steps) {
        const [[read = '', written = ''], rule] = [[step.reads[0], step.writes[0]], overlapRule(step)];
        if (rule === undefined || offset(written) > offset(read)) continue;
        if (offset(written) + (bytes.get(written) ?? 0) > offset(read)) under++;
      }
      const inputs = program.inputs.map((port) => inputBytes(port.type, port.elements, index));
      const [outputs = []] = await batch.run(index, [inputs]);
      const feeds = new Map(
        program.inputs.map((port, i) => [port.name, portTensor(port, inputs[i] ?? new Uint8Array())]),
      );
      const expected = interpret(graph, feeds);
      program.outputs.forEach((port, i) => {
        const wanted = expected.get(port.name) ?? assert.fail(port.name);
        const actual = portTensor(port, outputs[i] ?? new Uint8Array());
        assert.equal(difference(actual, wanted, 'ONNX Runtime'), undefined, `chain ${index}`);
      });
    }
    assert.ok(under >= 12, `only ${under} results lie under their inputs`);
  });
}
