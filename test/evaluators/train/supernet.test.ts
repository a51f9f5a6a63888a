/** The slimmable supernet: slicing is exact, statistics are the data's, and sub-networks work without training of their own. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { compress } from '../../../evaluators/compress/compress.ts';
import type { CompressHooks } from '../../../evaluators/compress/compress-hooks.ts';
import { prunableLayers } from '../../../evaluators/compress/dependencies/dependency-groups.ts';
import { makeSubnets } from '../../../evaluators/compress/make-subnets.ts';
import type { FinetunePlan } from '../../../evaluators/compression-plan.ts';
import type { Graph } from '../../../evaluators/ir/graph.ts';
import { type Dataset, IDENTITY } from '../../../evaluators/train/data/dataset.ts';
import { evaluate } from '../../../evaluators/train/evaluate.ts';
import { finetune } from '../../../evaluators/train/finetune.ts';
import { recalibrateBatchNorm } from '../../../evaluators/train/recalibrate.ts';
import { createStream } from '../../../evaluators/train/rng.ts';
import { sliceSubnet, trainSupernet } from '../../../evaluators/train/supernet.ts';
import { convOp, GEMM, Net, RELU } from './net.ts';

/** Six blob positions with noise: enough for widths to matter. */
function blobs(count: number, name: string) {
  const stream = createStream(8, name);
  const samples = new Float32Array(count * 64);
  const labels = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    labels[i] = stream.nextInt(6);
    const [cy, cx] = [1 + 2 * (labels[i] % 3), labels[i] < 3 ? 1 : 5];
    for (let p = 0; p < 64; p++) {
      const near = Math.abs(Math.floor(p / 8) - cy) + Math.abs((p % 8) - cx) <= 1;
      samples[i * 64 + p] = 0.5 * stream.nextNormal() + (near ? 1.2 : 0);
    }
  }
  return { count, samples, labels };
}

const DATA: Dataset = {
  name: 'blobs',
  inputShape: [1, 8, 8],
  classes: 6,
  train: blobs(768, 'train'),
  test: blobs(300, 'test'),
  normalisation: IDENTITY,
};

function net(): Graph {
  const n = new Net([1, 1, 8, 8]);
  let y = n.node(convOp([3, 3]), ['x', n.weights('w1', [8, 1, 3, 3], 0.5), n.weights('b1', [8], 0)], [1, 8, 6, 6]);
  const affine = [n.weights('scale', [8], 0, 1), n.weights('shift', [8], 0)];
  const running = [
    n.constant('mean', [8], new Float32Array(8)),
    n.constant('variance', [8], new Float32Array(8).fill(1)),
  ];
  y = n.node({ kind: 'BatchNormalization', epsilon: 1e-5 }, [y, ...affine, ...running], [1, 8, 6, 6]);
  y = n.node(RELU, [y], [1, 8, 6, 6]);
  y = n.node(convOp([3, 3]), [y, n.weights('w2', [12, 8, 3, 3], 0.2), n.weights('b2', [12], 0)], [1, 12, 4, 4]);
  y = n.node(RELU, [y], [1, 12, 4, 4]);
  y = n.node({ kind: 'Reshape', shape: [1, 192] }, [y], [1, 192]);
  return n.graph(n.node(GEMM, [y, n.weights('w3', [6, 192], 0.1), n.weights('b3', [6], 0)], [1, 6]));
}

const PLAN: FinetunePlan = { epochs: 4, optimizer: 'sgd', learningRate: 0.03, batchSize: 32 };

test('a sub-network’s weights are elements of the whole network’s', () => {
  const graph = net();
  const [narrow, mixed] = makeSubnets(graph, [0.25, [0.5, 1]]);
  assert.equal(narrow.name, '2-3');
  assert.equal(mixed.name, '4-12');
  assert.deepEqual(mixed.graph.initializers.get('w2')?.shape, [12, 4, 3, 3]);
  for (const [name, index] of mixed.indices) {
    const whole = graph.initializers.get(name)?.data ?? [];
    const part = mixed.graph.initializers.get(name)?.data ?? [];
    index.forEach((at, i) => {
      assert.equal(part[i], whole[at]);
    });
  }
});

test('recalibrated statistics are those of the training samples', () => {
  const graph = net();
  const fresh = recalibrateBatchNorm(graph, DATA, { seed: 1, samples: 768 });
  const w = graph.initializers.get('w1')?.data ?? [];
  const { samples, count } = DATA.train;
  const mean = new Array<number>(8).fill(0);
  for (let c = 0; c < 8; c++) {
    for (let i = 0; i < count; i++) {
      for (let p = 0; p < 36; p++) {
        for (let k = 0; k < 9; k++) {
          const at = i * 64 + (Math.floor(p / 6) + Math.floor(k / 3)) * 8 + (p % 6) + (k % 3);
          mean[c] += (Number(w[c * 9 + k]) * samples[at]) / (36 * count);
        }
      }
    }
  }
  const measured = fresh.initializers.get('mean')?.data ?? [];
  mean.forEach((m, c) => {
    assert.ok(Math.abs(m - Number(measured[c])) < 1e-4, `channel ${c}: ${m} and ${measured[c]}`);
  });
});

test('after one training, sub-networks of many widths are accurate without training of their own', async () => {
  const graph = net();
  const subnets = makeSubnets(graph, [0.25, 0.5, 0.75, [0.25, 0.75], [0.75, 0.25]]);
  const { graph: shared, losses } = await trainSupernet(graph, subnets, DATA, PLAN, { seed: 1 });
  assert.ok(losses[3] < losses[0]);
  assert.ok(evaluate(shared, DATA).accuracy > 0.9);
  const { graph: alone } = await finetune(graph, DATA, PLAN, { seed: 1 });
  let gained = 0;
  for (const subnet of subnets) {
    const { accuracy } = evaluate(sliceSubnet(shared, subnet, DATA, 1), DATA);
    const sliced = evaluate(sliceSubnet(alone, subnet, DATA, 1), DATA).accuracy;
    assert.ok(accuracy > 0.7, `${subnet.name}: ${accuracy}`);
    gained += accuracy - sliced;
  }
  assert.ok(gained / subnets.length > 0.1, `mean gain ${gained / subnets.length} over slicing an ordinary network`);
});

test('trials of one plan share the weights of the supernet, which are trained once', async () => {
  const graph = net();
  const [first, second] = prunableLayers(graph);
  const messages: string[] = [];
  const trial = (keep: number, epochs: number, minimumAccuracy = 0) =>
    compress(
      graph,
      DATA,
      {
        supernet: { epochs: 4, learningRate: 0.03 },
        prune: {
          granularity: 'structured',
          heuristic: 'l1',
          layers: { [first.name]: { keep }, [second.name]: { keep: 6 } },
        },
        finetune: { ...PLAN, epochs },
      },
      { minimumAccuracy, onProgress: ({ message }) => messages.push(message) },
    );
  const sliced = await trial(4, 0);
  const shared = messages.filter((message) => message.startsWith('weights for all trials')).length;
  assert.equal(shared, 4 * 16);
  assert.ok((sliced.report.sliceAccuracy ?? 0) > 0.7, `slice ${sliced.report.sliceAccuracy}`);
  const tuned = await trial(4, 1);
  assert.equal(messages.filter((message) => message.startsWith('weights for all trials')).length, shared);
  assert.equal(tuned.report.sliceAccuracy, sliced.report.sliceAccuracy);
  assert.ok(tuned.report.accuracy.after >= sliced.report.accuracy.after - 0.02);
  await assert.rejects(trial(1, 1, 0.9999), /given up before training: this slice/);
  await assert.rejects(
    compress(graph, DATA, { supernet: { epochs: 1 }, prune: { granularity: 'element', heuristic: 'l1' } }),
    /sliced at once/,
  );
});

test('shared weights outlive their process, and their training goes on from its checkpoint', async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'tinypareto-supernet-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const [layer] = prunableLayers(net());
  const plan = {
    supernet: { epochs: 2, learningRate: 0.03 },
    prune: { granularity: 'structured', heuristic: 'l1', layers: { [layer.name]: { keep: 4 } } },
  } as const;
  /** Each graph is a new one: nothing is remembered in memory. The steps of shared training done, and the network. */
  const trial = async (limit: number, extra: CompressHooks) => {
    let steps = 0;
    const run = compress(net(), DATA, plan, {
      ...extra,
      onProgress: ({ message }) => {
        if (message.startsWith('weights for all trials') && ++steps === limit) throw new Error('power cut');
      },
    });
    const graph = await run.then(
      ({ floatGraph }) => floatGraph,
      (error: Error) => {
        assert.equal(error.message, 'power cut');
        return undefined;
      },
    );
    return { steps, graph };
  };
  const warnings: string[] = [];
  const kept: CompressHooks = {
    sharedWeightsIn: folder,
    checkpointSeconds: 0,
    onWarning: (message) => warnings.push(message),
  };
  const whole = await trial(Number.POSITIVE_INFINITY, {});
  const all = 2 * 16;
  assert.equal(whole.steps, all);
  await trial(20, kept);
  const rest = await trial(Number.POSITIVE_INFINITY, kept);
  assert.equal(rest.steps, all - 19, 'the checkpoint after step 19 was the last');
  const later = await trial(Number.POSITIVE_INFINITY, kept);
  assert.equal(later.steps, 0);
  for (const { graph } of [rest, later]) {
    for (const [name, { data }] of whole.graph?.initializers ?? [])
      assert.deepEqual(graph?.initializers.get(name)?.data, data, name);
  }
  assert.deepEqual(warnings, []);
});
