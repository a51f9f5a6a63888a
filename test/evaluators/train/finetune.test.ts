/** Fine-tuning: it learns, repeats itself, stops when told, and says why it cannot go on. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FinetunePlan } from '../../../evaluators/compression-plan.ts';
import type { Graph } from '../../../evaluators/ir/graph.ts';
import { DatasetError } from '../../../evaluators/train/data/dataset-error.ts';
import { evaluate } from '../../../evaluators/train/evaluate.ts';
import { DivergedError, type FinetuneCheckpoint, finetune } from '../../../evaluators/train/finetune.ts';
import { GEMM, Net } from './net.ts';
import { QUARTERS as DATA, smallNet } from './quarters.ts';

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

test('an interrupted run goes on to the same weights, bit for bit', async () => {
  const plan: FinetunePlan = {
    ...PLAN,
    optimizer: 'adam',
    learningRate: 0.01,
    schedule: 'plateau',
    augment: ['shift', 'noise'],
  };
  const whole = await finetune(smallNet(), DATA, plan, { seed: 4 });
  const checkpoints: FinetuneCheckpoint[] = [];
  const controller = new AbortController();
  const interrupted = finetune(smallNet(), DATA, plan, {
    seed: 4,
    signal: controller.signal,
    checkpointEvery: 7,
    onCheckpoint: (checkpoint) => {
      checkpoints.push(structuredClone(checkpoint));
      if (checkpoint.step === 21) controller.abort(new Error('power cut'));
    },
  });
  await assert.rejects(interrupted, /power cut/);
  const resume = checkpoints.at(-1);
  assert.equal(resume?.step, 21);
  const rest = await finetune(smallNet(), DATA, plan, { seed: 4, ...(resume === undefined ? {} : { resume }) });
  assert.deepEqual(rest.history, whole.history);
  for (const name of ['w1', 'scale', 'mean', 'w2']) assert.deepEqual(data(rest.graph, name), data(whole.graph, name));
  assert.equal(rest.samples, whole.samples - 21 * 32);
});

test('every optimizer and schedule learns', async () => {
  const rates = { sgd: 0.05, nesterov: 0.05, adam: 0.01, adamw: 0.01 };
  const schedules = ['constant', 'step', 'cosine', 'plateau', 'oneCycle'] as const;
  for (const [i, optimizer] of (['sgd', 'nesterov', 'adam', 'adamw'] as const).entries()) {
    const plan: FinetunePlan = {
      ...PLAN,
      optimizer,
      learningRate: rates[optimizer],
      schedule: schedules[i + 1],
      clipNorm: 5,
    };
    const { graph } = await finetune(smallNet(), DATA, plan, { seed: 1 });
    const { accuracy } = evaluate(graph, DATA);
    assert.ok(accuracy > 0.9, `${optimizer} ${accuracy}`);
  }
});

test('distillation needs a teacher and learns from it', async () => {
  const { graph: teacher } = await finetune(smallNet(), DATA, PLAN, { seed: 1 });
  const plan: FinetunePlan = { ...PLAN, epochs: 4, distill: 1 };
  await assert.rejects(finetune(smallNet(), DATA, plan, { seed: 2 }), /uncompressed network/);
  // Wrong labels everywhere: only the teacher knows better.
  const labels = DATA.train.labels.map((label) => (label + 1) % 4);
  const { graph } = await finetune(smallNet(), { ...DATA, train: { ...DATA.train, labels } }, plan, {
    seed: 2,
    teacher,
  });
  assert.ok(evaluate(graph, DATA).accuracy > 0.9);
});

test('an autoencoder learns to reproduce its input', async () => {
  const net = new Net([1, 1, 8, 8]);
  let y = net.node({ kind: 'Reshape', shape: [1, 64] }, ['x'], [1, 64]);
  y = net.node(GEMM, [y, net.weights('w1', [6, 64], 0.1), net.weights('b1', [6], 0)], [1, 6]);
  y = net.node(GEMM, [y, net.weights('w2', [64, 6], 0.1), net.weights('b2', [64], 0)], [1, 64]);
  const plan: FinetunePlan = { ...PLAN, optimizer: 'adam', learningRate: 0.01 };
  const { history } = await finetune(net.graph(y), DATA, plan, { seed: 1, loss: 'mse' });
  assert.ok(history[2].loss < 0.9 * history[0].loss);
});

test('frozen initializers do not move', async () => {
  const graph = smallNet();
  const result = await finetune(graph, DATA, PLAN, { seed: 1, frozen: new Set(['w1']), batchNorm: 'frozen' });
  assert.deepEqual(data(result.graph, 'w1'), data(graph, 'w1'));
  assert.deepEqual(data(result.graph, 'mean'), data(graph, 'mean'));
  assert.notDeepEqual(data(result.graph, 'w2'), data(graph, 'w2'));
});
