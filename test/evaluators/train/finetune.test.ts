/** Fine-tuning: it learns, repeats itself, stops when told, and says why it cannot go on. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Dataset,
  DatasetError,
  DivergedError,
  evaluate,
  type FinetunePlan,
  finetune,
  type Graph,
  IDENTITY,
} from '@tinypareto/evaluators';
import { createStream } from '../../../evaluators/train/rng.ts';
import { convOp, GEMM, Net, RELU } from './net.ts';

/** Which of four quarters of an 8x8 image is bright. */
function quarters(count: number, name: string) {
  const stream = createStream(3, name);
  const samples = new Float32Array(count * 64);
  const labels = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    labels[i] = stream.nextInt(4);
    for (let p = 0; p < 64; p++) {
      const quarter = (p >= 32 ? 2 : 0) + (p % 8 >= 4 ? 1 : 0);
      samples[i * 64 + p] = 0.5 * stream.nextNormal() + (quarter === labels[i] ? 0.6 : 0);
    }
  }
  return { count, samples, labels };
}

const DATA: Dataset = {
  name: 'quarters',
  inputShape: [1, 8, 8],
  classes: 4,
  train: quarters(512, 'train'),
  test: quarters(256, 'test'),
  normalisation: IDENTITY,
};

function smallNet(): Graph {
  const net = new Net([1, 1, 8, 8]);
  let y = net.node(
    convOp([3, 3]),
    ['x', net.weights('w1', [4, 1, 3, 3], 0.5), net.weights('b1', [4], 0)],
    [1, 4, 6, 6],
  );
  const affine = [net.weights('scale', [4], 0, 1), net.weights('shift', [4], 0)];
  const running = [
    net.constant('mean', [4], new Float32Array(4)),
    net.constant('var', [4], new Float32Array(4).fill(1)),
  ];
  y = net.node({ kind: 'BatchNormalization', epsilon: 1e-5 }, [y, ...affine, ...running], [1, 4, 6, 6]);
  y = net.node(RELU, [y], [1, 4, 6, 6]);
  y = net.node({ kind: 'Reshape', shape: [1, 144] }, [y], [1, 144]);
  y = net.node(GEMM, [y, net.weights('w2', [4, 144], 0.1), net.weights('b2', [4], 0)], [1, 4]);
  return net.graph(net.node({ kind: 'Softmax', axis: 1, log: false, flatten: false }, [y], [1, 4]));
}

const PLAN: FinetunePlan = { epochs: 3, optimizer: 'sgd', learningRate: 0.05, batchSize: 32 };

function data(graph: Graph, name: string): ArrayLike<number> {
  const value = graph.initializers.get(name);
  assert.ok(value?.data instanceof Float32Array);
  return value.data;
}

test('raises the accuracy and leaves the given graph alone', async () => {
  const graph = smallNet();
  const before = data(graph, 'w1')[0];
  assert.ok(evaluate(graph, DATA).accuracy < 0.6);
  const { graph: trained, history, samples } = await finetune(graph, DATA, PLAN, { seed: 1 });
  assert.equal(history.length, 3);
  assert.equal(samples, 3 * 512);
  assert.ok(history[2].loss < history[0].loss);
  const { accuracy, count } = evaluate(trained, DATA);
  assert.ok(accuracy > 0.95, `accuracy ${accuracy}`);
  assert.equal(count, 256);
  assert.equal(data(graph, 'w1')[0], before);
  assert.notDeepEqual(data(trained, 'mean'), data(graph, 'mean'), 'running statistics are kept');
});

test('is the same for the same seed and another for another', async () => {
  const run = async (seed: number) => data((await finetune(smallNet(), DATA, PLAN, { seed })).graph, 'w2');
  const [a, b, c] = [await run(1), await run(1), await run(2)];
  assert.deepEqual(a, b);
  assert.notDeepEqual(a, c);
});

test('half an epoch sees half of the samples', async () => {
  const { samples } = await finetune(smallNet(), DATA, { ...PLAN, epochs: 0.5 }, { seed: 1 });
  assert.equal(samples, 256);
});

test('masked weights stay zero', async () => {
  const graph = smallNet();
  const keep = Uint8Array.from({ length: 4 * 144 }, (_, i) => (i % 3 === 0 ? 1 : 0));
  const dense = data(graph, 'w2');
  const pruned = Float32Array.from(keep, (bit, i) => bit * dense[i]);
  const w2 = graph.initializers.get('w2');
  assert.ok(w2 !== undefined);
  const initializers = new Map(graph.initializers).set('w2', { ...w2, data: pruned });
  const result = await finetune(
    { ...graph, initializers },
    DATA,
    { ...PLAN, weightDecay: 1e-3 },
    {
      seed: 1,
      mask: new Map([['w2', keep]]),
    },
  );
  const after = data(result.graph, 'w2');
  for (let i = 0; i < keep.length; i++) if (keep[i] === 0) assert.equal(after[i], 0);
  assert.ok(evaluate(result.graph, DATA).accuracy > 0.9);
});

test('stops between two batches when aborted', async () => {
  const controller = new AbortController();
  let steps = 0;
  const run = finetune(smallNet(), DATA, PLAN, {
    seed: 1,
    signal: controller.signal,
    onProgress: ({ step }) => {
      steps = step;
      if (step === 5) controller.abort(new Error('enough'));
    },
  });
  await assert.rejects(run, /enough/);
  assert.equal(steps, 5);
});

test('diverging training is an error of its own', async () => {
  await assert.rejects(finetune(smallNet(), DATA, { ...PLAN, learningRate: 1e30 }, { seed: 1 }), DivergedError);
});

test('a model that does not match the data is refused', async () => {
  const wrongClasses = { ...DATA, classes: 5 };
  await assert.rejects(finetune(smallNet(), wrongClasses, PLAN, { seed: 1 }), (error) => {
    return error instanceof DatasetError && error.code === 'CLASSES_MISMATCH';
  });
  assert.throws(() => evaluate(smallNet(), { ...DATA, inputShape: [1, 8, 9] }), DatasetError);
});

test('lists every operator that cannot be trained', async () => {
  const net = new Net([1, 1, 8, 8]);
  const a = net.node({ kind: 'LRN', alpha: 1, beta: 1, bias: 1, size: 3 }, ['x'], [1, 1, 8, 8]);
  const b = net.node({ kind: 'CumSum', axis: 2, exclusive: false, reverse: false }, [a], [1, 1, 8, 8]);
  const flat = net.node({ kind: 'Reshape', shape: [1, 64] }, [b], [1, 64]);
  const y = net.node(GEMM, [flat, net.weights('w', [4, 64], 0.1)], [1, 4]);
  await assert.rejects(finetune(net.graph(y), DATA, PLAN, { seed: 1 }), /n0 \(LRN\), n1 \(CumSum\)/);
});
