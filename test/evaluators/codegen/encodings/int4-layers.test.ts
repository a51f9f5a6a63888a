import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildHost, runHost } from '../../../../evaluators/build/build-host.ts';
import { hostToolchain, isMissing } from '../../../../evaluators/build/toolchain.ts';
import type { LowerOptions } from '../../../../evaluators/codegen/lower.ts';
import { lower } from '../../../../evaluators/codegen/lower.ts';
import type { Graph } from '../../../../evaluators/ir/graph.ts';
import { type Tensor, tensor } from '../../../../evaluators/ir/tensor.ts';
import { board } from '../../../support/boards.ts';
import { temporaryCache } from '../../../support/build-cache.ts';
import { encodedLayers, randomInputs } from '../../../support/encoded-layers.ts';

const skip = isMissing(hostToolchain()) && 'no C compiler';
const cache = temporaryCache();

/** The integer layers of a random graph with full matrices of 4-bit weights. */
function int4Layers(seed: number): Graph {
  const graph = encodedLayers(seed, 150);
  const chosen = graph.nodes.filter(({ op, inputs }) => {
    const isInteger = op.kind === 'QLinearConv' || op.kind === 'QGemm';
    return isInteger && graph.initializers.get(inputs[3] ?? '')?.dtype === 'int8';
  });
  const initializers = new Map<string, Tensor>(graph.initializers);
  for (const [n, { inputs }] of chosen.entries()) {
    const weights = graph.initializers.get(inputs[3] ?? '');
    assert.ok(weights !== undefined);
    const data = Int8Array.from(
      { length: weights.data.length },
      (_, i) => ((Math.imul(i + n, 2654435761) >>> 9) % 16) - 8,
    );
    initializers.set(inputs[3] ?? '', tensor('int4', weights.shape, data));
  }
  const used = new Set(chosen.flatMap(({ inputs }) => inputs));
  return {
    ...graph,
    nodes: chosen,
    initializers,
    inputs: graph.inputs.filter(({ name }) => used.has(name)),
    outputs: chosen.flatMap(({ outputs }) => outputs),
  };
}

async function run(graph: Graph, options: LowerOptions) {
  const program = lower(graph, board('host'), options);
  const built = await buildHost(program, cache);
  assert.ok(built.kind === 'built');
  return { program, outputs: (await runHost(built, [randomInputs(graph, 3), randomInputs(graph, 4)])).outputs };
}

for (const kernels of ['reference', 'cortex-m0plus', 'cortex-m4f'] as const) {
  test(`${kernels}: 4-bit weights give the bytes of the same weights in 8 bits, in less flash`, { skip }, async () => {
    const graph = int4Layers(23);
    const plain = await run(graph, { weights: 'dense', kernels: 'reference' });
    const packed = await run(graph, { kernels });
    assert.deepEqual(packed.outputs, plain.outputs);
    const names = packed.program.steps.map(({ kernel }) => kernel);
    assert.ok(
      names.some((name) => /unpack_(pairs_)?s4|s4_swar/.test(name)) && names.includes('dnnrt_fc_s4'),
      names.join(' '),
    );
  });
}
