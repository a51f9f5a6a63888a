/** Names of layers in plans: what holds for a layer holds for what takes its place, and a wrong name gets a near one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compress } from '../../../evaluators/compress/compress.ts';
import { CompressionError } from '../../../evaluators/compress/compression-error.ts';
import { nearestName, settingOf, unknownNames, wholeLayer } from '../../../evaluators/compress/layer-names.ts';
import { pruneElements } from '../../../evaluators/compress/prune-elements.ts';
import { restructure } from '../../../evaluators/compress/restructure/restructure.ts';
import type { CompressionPlan } from '../../../evaluators/compression-plan.ts';
import type { Graph } from '../../../evaluators/ir/graph.ts';
import { loadDataset } from '../../../evaluators/train/data/load-dataset.ts';
import { skipWithoutShared } from '../../support/shared.ts';
import { readModel } from './reference-io.ts';

const skip = skipWithoutShared();

test('a part belongs to the layer that it was made from, and nothing else does', () => {
  assert.equal(wholeLayer('/conv2/Conv.depthwise'), '/conv2/Conv');
  assert.equal(wholeLayer('/conv2/Conv.axis1_2'), '/conv2/Conv');
  assert.equal(wholeLayer('layer.1'), 'layer.1');
  const layers = { conv: 'int4', 'conv.reduce': 'int8' } as const;
  assert.equal(settingOf(layers, 'conv.core'), 'int4');
  assert.equal(settingOf(layers, 'conv.reduce'), 'int8');
  assert.equal(settingOf(layers, 'other'), undefined);
  assert.deepEqual(unknownNames(['conv', 'conv.core', 'nowhere.core', 'nowhere'], ['conv']), [
    'nowhere.core',
    'nowhere',
  ]);
  assert.deepEqual(unknownNames(['conv.core', 'conv.reduce'], ['conv.reduce', 'conv']), ['conv.core']);
});

test('a name that is nearly right is found, one that is not is not', () => {
  const known = ['/conv1/Conv', '/conv2/Conv', '/fc1/Gemm'];
  assert.equal(nearestName('conv2', known), '/conv2/Conv');
  assert.equal(nearestName('Fc1', known), '/fc1/Gemm');
  assert.equal(nearestName('zzz', known), undefined);
});

/** Data types of the weights behind each convolution's and product's DequantizeLinear, by layer name. */
function weightTypes(graph: Graph): Record<string, string> {
  const producers = new Map(graph.nodes.flatMap((node) => node.outputs.map((output) => [output, node] as const)));
  return Object.fromEntries(
    graph.nodes
      .filter(({ op }) => op.kind === 'Conv' || op.kind === 'Gemm')
      .map(({ name, inputs }) => {
        const source = producers.get(inputs[1])?.inputs[0] ?? inputs[1];
        return [name, graph.initializers.get(source)?.dtype ?? ''];
      }),
  );
}

test('a format of a changed layer holds for its parts, and a part may have its own', { skip }, async () => {
  const graph = readModel('lenet/lenet5-classic');
  const conv = graph.nodes.filter(({ op }) => op.kind === 'Conv')[1]?.name ?? '';
  const dataset = loadDataset({ kind: 'builtin', builtin: 'mnist', limit: { train: 64, test: 32 } });
  const plan: CompressionPlan = {
    restructure: { [conv]: 'depthwiseSeparable' },
    quantize: { format: 'int8', layers: { [conv]: 'int4' } },
  };
  const both = weightTypes((await compress(graph, dataset, plan)).quantizedGraph ?? graph);
  assert.equal(both[conv], 'int4');
  assert.equal(both[`${conv}.depthwise`], 'int4');
  const own = { [conv]: 'int4', [`${conv}.depthwise`]: 'float32' } as const;
  const apart = await compress(graph, dataset, { ...plan, quantize: { format: 'int8', layers: own } });
  const types = weightTypes(apart.quantizedGraph ?? graph);
  assert.equal(types[conv], 'int4');
  assert.equal(types[`${conv}.depthwise`], 'float32');
  const wrong = { ...plan, quantize: { format: 'int8', layers: { [`${conv}.reduce`]: 'int4' } } } as const;
  await assert.rejects(
    compress(graph, dataset, wrong),
    (error) => error instanceof CompressionError && error.message.includes(`, ${conv}.depthwise, `),
  );
  const changed = restructure(graph, { [conv]: 'depthwiseSeparable' }).graph;
  const { achieved } = pruneElements(changed, { granularity: 'element', heuristic: 'level', layers: { [conv]: 0.5 } });
  const left = new Map(achieved.layers.map(({ name, before, after }) => [name, after / before]));
  for (const name of [conv, `${conv}.depthwise`]) assert.ok(Math.abs((left.get(name) ?? 0) - 0.5) < 0.02, name);
});
