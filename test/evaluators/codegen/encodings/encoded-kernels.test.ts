import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildHost, runHost } from '../../../../evaluators/build/build-host.ts';
import { hostToolchain, isMissing } from '../../../../evaluators/build/toolchain.ts';
import { lower } from '../../../../evaluators/codegen/lower.ts';
import type { WeightForm } from '../../../../evaluators/codegen/lowering.ts';
import type { Graph } from '../../../../evaluators/ir/graph.ts';
import { board } from '../../../support/boards.ts';
import { temporaryCache } from '../../../support/build-cache.ts';
import { encodedLayers, randomInputs } from '../../../support/encoded-layers.ts';

const skip = isMissing(hostToolchain()) && 'no C compiler';
const cache = temporaryCache();

async function outputsOf(graph: Graph, weights: WeightForm, inputs: readonly (readonly Uint8Array[])[]) {
  const program = lower(graph, board('host'), { weights });
  const built = await buildHost(program, cache);
  assert.ok(built.kind === 'built');
  return { program, outputs: (await runHost(built, inputs)).outputs };
}

for (const weights of [
  'all',
  'bitmap',
  'crs8',
  'crs16',
  'delta4',
  'nm',
  'smallest',
  'fast',
  'small',
  'auto',
] as const) {
  test(`${weights}: random layers give the bytes of the plain kernels`, { skip }, async () => {
    const graph = encodedLayers(17, 48);
    const inputs = Array.from({ length: 3 }, (_, i) => randomInputs(graph, 100 + i));
    const plain = await outputsOf(graph, 'dense', inputs);
    const encoded = await outputsOf(graph, weights, inputs);
    const used = encoded.program.steps.filter(({ kernel }) => kernel.includes('encoded'));
    assert.ok(used.length >= 10, `${used.length} encoded layers`);
    inputs.forEach((_, i) => {
      plain.outputs[i]?.forEach((bytes, j) => {
        assert.deepEqual(encoded.outputs[i]?.[j], bytes, `${graph.nodes[j]?.name} of inference ${i}`);
      });
    });
  });
}
