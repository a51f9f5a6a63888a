/** Asked and achieved sizes after dependency closure, over networks, metrics, heuristics and random targets. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CompressionError } from '../../../evaluators/compress/compression-error.ts';
import { analyzeDependencies } from '../../../evaluators/compress/dependencies/dependency-groups.ts';
import { orderedGroups, widthCost } from '../../../evaluators/compress/group-widths.ts';
import { pruneElements } from '../../../evaluators/compress/prune-elements.ts';
import { pruneStructured } from '../../../evaluators/compress/prune-structured.ts';
import { quadraticCost } from '../../../evaluators/compress/quadratic-cost.ts';
import type { PrunePlan } from '../../../evaluators/compression-plan.ts';
import { countCost } from '../../../evaluators/ir/cost.ts';
import type { Graph } from '../../../evaluators/ir/graph.ts';
import { deployedSizes, sizeMeasures } from '../../../evaluators/pipeline/size-measures.ts';
import { skipWithoutShared } from '../../support/shared.ts';
import { readModel } from './reference-io.ts';

const skip = skipWithoutShared();
const TOLERANCE = 0.005;

const BOARD = {
  name: 'board',
  title: 'Board',
  core: 'cortex-m4f',
  clockHz: 64e6,
  flashBytes: 1 << 20,
  ramBytes: 1 << 18,
  compilerFlags: [],
  hasFpu: true,
  hasDsp: true,
} as const;

const models = new Map<string, Graph>();
function model(name: string): Graph {
  const graph = models.get(name) ?? readModel(name);
  models.set(name, graph);
  return graph;
}

const heuristics = fc.constantFrom('l1', 'l2', 'random', 'level');

test('structured: parameters and multiply-accumulates within 0.5 % of any reachable share', { skip }, () => {
  const names = [
    'lenet/lenet5-classic',
    'mlperf-tiny/kws-dscnn',
    'mlperf-tiny/ic-resnet8',
    'mlperf-tiny/ad-autoencoder',
    'har/har-cnn1d',
    'har/har-resnet1d',
  ];
  fc.assert(
    fc.property(
      fc.constantFrom(...names),
      fc.constantFrom('params', 'macs'),
      heuristics,
      fc.double({ min: 0.02, max: 0.9, noNaN: true }),
      fc.nat(1000),
      (name, metric, heuristic, remove, seed) => {
        const plan: PrunePlan = { granularity: 'structured', heuristic, target: { metric, remove } };
        const { graph, achieved } = pruneStructured(model(name), plan, { seed });
        const { asked = 0, achieved: reached = 0 } = achieved.target ?? {};
        assert.equal(countCost(graph)[metric], reached, 'what is reported is what the graph has');
        assert.ok(Math.abs(asked - (1 - remove) * countCost(model(name))[metric]) < 1e-6 * asked);
        assert.ok(Math.abs(reached / asked - 1) <= TOLERANCE, `${name} ${metric}: ${reached} instead of ${asked}`);
      },
    ),
    { numRuns: 60, seed: 21 },
  );
});

/** Every value that some choice of the widths has: networks of one or two groups. */
function reachableCosts(graph: Graph, metric: 'params' | 'macs'): number[] {
  const analysis = analyzeDependencies(graph);
  const groups = orderedGroups(analysis, new Float64Array(analysis.classCount));
  const sizes = groups.map(({ order }) => order.length);
  const shape = quadraticCost(sizes, widthCost(analysis, groups, metric, {}));
  assert.ok(shape !== null && sizes.length <= 2, 'parameters and multiply-accumulates are quadratic in the widths');
  let choices: number[][] = [[]];
  for (const size of sizes)
    choices = choices.flatMap((head) => Array.from({ length: size }, (_, i) => [...head, i + 1]));
  return choices.map((widths) => Math.round(shape.of(widths)));
}

test('networks with few structures: within 0.5 %, or no choice of widths is nearer and the nearest are named', {
  skip,
}, () => {
  for (const name of ['har/har-gru', 'har/har-lstm', 'har/har-mlp']) {
    for (const metric of ['params', 'macs'] as const) {
      const costs = reachableCosts(model(name), metric);
      fc.assert(
        fc.property(fc.double({ min: 0.02, max: 0.95, noNaN: true }), (remove) => {
          const plan: PrunePlan = { granularity: 'structured', heuristic: 'l1', target: { metric, remove } };
          const target = pruneStructured(model(name), plan).achieved.target;
          assert.ok(target !== undefined);
          const { asked, achieved, reachable } = target;
          const miss = Math.abs(achieved - asked);
          if (miss <= TOLERANCE * asked) {
            assert.equal(reachable, undefined);
            return;
          }
          const least = Math.min(...costs.map((cost) => Math.abs(cost - asked)));
          assert.ok(miss <= least + 1e-6, `${name} ${metric} ${remove}: off by ${miss}, ${least} is possible`);
          const below = Math.max(...costs.filter((cost) => cost <= asked));
          const above = Math.min(...costs.filter((cost) => cost >= asked));
          assert.deepEqual(reachable, { below, above }, `${name} ${metric} ${remove}`);
        }),
        { numRuns: 12, seed: 23 },
      );
    }
  }
});

test('an upper bound is kept, whatever it costs in nearness', { skip }, () => {
  for (const atMost of [2000, 900, 400]) {
    const plan: PrunePlan = { granularity: 'structured', heuristic: 'l1', target: { metric: 'params', atMost } };
    const { achieved } = pruneStructured(model('har/har-gru'), plan);
    assert.ok((achieved.target?.achieved ?? Number.NaN) <= atMost);
    assert.ok((achieved.target?.reachable?.below ?? 0) <= atMost);
  }
});

test('structured: ROM within 0.5 %, and equal to that of the deployed network', { skip }, () => {
  for (const name of ['lenet/lenet5-classic', 'mlperf-tiny/kws-dscnn', 'mlperf-tiny/ic-resnet8']) {
    for (const format of ['int8', 'float32'] as const) {
      for (const remove of [0.3, 0.65]) {
        const plan: PrunePlan = { granularity: 'structured', heuristic: 'l1', target: { metric: 'romBytes', remove } };
        const { graph, achieved } = pruneStructured(model(name), plan, { measures: sizeMeasures({ format }, BOARD) });
        const { asked = 0, achieved: reached = 0 } = achieved.target ?? {};
        assert.ok(Math.abs(reached / asked - 1) <= TOLERANCE, `${name} ${format}: ${reached} instead of ${asked}`);
        assert.equal(deployedSizes(graph, { format }, BOARD).romBytes, reached);
      }
    }
  }
});

test('structured: ROM that a step of the code passes over is told with the nearest sizes on both sides', {
  skip,
}, () => {
  const measures = sizeMeasures({ format: 'int8' }, BOARD);
  for (const remove of [0.7, 0.72]) {
    const plan: PrunePlan = { granularity: 'structured', heuristic: 'l1', target: { metric: 'romBytes', remove } };
    const { target } = pruneStructured(model('mlperf-tiny/kws-dscnn'), plan, { measures }).achieved;
    const { asked = 0, achieved = 0, reachable } = target ?? {};
    if (Math.abs(achieved / asked - 1) <= TOLERANCE) {
      assert.equal(reachable, undefined);
      continue;
    }
    const { below, above } = reachable ?? assert.fail(`${achieved} instead of ${asked}, and nothing said`);
    assert.ok(below !== null && below <= asked && above !== null && above >= asked);
    assert.equal(achieved, asked - below < above - asked ? below : above);
  }
});

test('structured: RAM lands on a reachable size or says what the least is', { skip }, () => {
  const measures = sizeMeasures({ format: 'int8' }, BOARD);
  const prune = (remove: number) =>
    pruneStructured(
      model('mlperf-tiny/kws-dscnn'),
      { granularity: 'structured', heuristic: 'l1', target: { metric: 'ramBytes', remove } },
      { measures },
    ).achieved.target;
  for (const remove of [0.25, 0.5]) {
    const { asked = 0, achieved = 0 } = prune(remove) ?? {};
    // A channel of the widest layer more or less is about 1 % of the peak.
    assert.ok(Math.abs(achieved / asked - 1) <= 0.015, `${achieved} instead of ${asked}`);
  }
  assert.throws(
    () => prune(0.97),
    (error: unknown) =>
      error instanceof CompressionError && error.code === 'TARGET_UNREACHABLE' && /still \d+/.test(error.message),
  );
});

test('element-wise: any share of parameters or multiply-accumulates, any heuristic', { skip }, () => {
  fc.assert(
    fc.property(
      fc.constantFrom('lenet/lenet5-classic', 'mlperf-tiny/kws-dscnn', 'har/har-gru'),
      fc.constantFrom('params', 'macs'),
      heuristics,
      fc.double({ min: 0.02, max: 0.9, noNaN: true }),
      (name, metric, heuristic, remove) => {
        const plan: PrunePlan = { granularity: 'element', heuristic, target: { metric, remove } };
        const { achieved } = pruneElements(model(name), plan, { seed: 3 });
        const { asked = 0, achieved: reached = 0 } = achieved.target ?? {};
        assert.ok(Math.abs(reached / asked - 1) <= TOLERANCE, `${name} ${metric}: ${reached} instead of ${asked}`);
      },
    ),
    { numRuns: 20, seed: 22 },
  );
});
