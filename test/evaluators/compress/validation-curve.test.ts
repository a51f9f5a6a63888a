/** Accuracy while training: reported at comparable stages only, without any effect on the training, and able to end it. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { compress } from '../../../evaluators/compress/compress.ts';
import type { ValidationValue } from '../../../evaluators/compress/compress-hooks.ts';
import { StoppedEarlyError } from '../../../evaluators/compress/stopped-early.ts';
import type { CompressionPlan } from '../../../evaluators/compression-plan.ts';
import { loadNetwork } from '../../../evaluators/pipeline/load-network.ts';
import { loadDataset } from '../../../evaluators/train/data/load-dataset.ts';

const model = () =>
  loadNetwork(readFileSync(new URL('../../../examples/lenet-mnist/lenet-mnist.onnx', import.meta.url)));
const dataset = () => loadDataset({ kind: 'builtin', builtin: 'mnist', limit: { train: 640, test: 500 } });
const PLAN: CompressionPlan = {
  prune: {
    granularity: 'structured',
    heuristic: 'l1',
    layers: { '/conv1/Conv': { keep: 4 }, '/conv2/Conv': { keep: 8 }, '/fc1/Gemm': { keep: 16 } },
    schedule: { kind: 'agp', steps: 3 },
  },
  finetune: { epochs: 3, optimizer: 'sgd', learningRate: 0.02, batchSize: 32, schedule: 'cosine' },
  quantize: { format: 'int8', mode: 'qat' },
  seed: 5,
};
const TENTHS = [10, 20, 30, 40, 50, 60, 70, 80, 90, 100];

test('ten values of the final structure, in float and on the grids; the training is the same as without them', async () => {
  const values: ValidationValue[] = [];
  let prunings = 0;
  const watched = await compress(model(), dataset(), PLAN, {
    onProgress: ({ stage, fraction }) => {
      if (stage === 'prune' && fraction >= 0) prunings++;
    },
    onValidated: async (value) => {
      assert.equal(prunings, 3, 'only after the last pruning step');
      values.push(value);
      return null;
    },
  });
  assert.deepEqual(
    values.map(({ step }) => step),
    TENTHS,
  );
  assert.ok(values.every(({ accuracy, stderr }) => accuracy >= 0 && accuracy <= 1 && stderr > 0));
  assert.ok((values.at(-1)?.accuracy ?? 0) > (values[0]?.accuracy ?? 1));
  const alone = await compress(model(), dataset(), PLAN);
  assert.deepEqual(watched.report.accuracy, alone.report.accuracy);
  assert.deepEqual(watched.integerGraph?.initializers, alone.integerGraph?.initializers);
});

test('plans without pruning or without a second stage have the same ten steps', async () => {
  for (const plan of [
    { finetune: { epochs: 0.5, optimizer: 'sgd', learningRate: 0.01, batchSize: 32 } },
    { ...PLAN, quantize: { format: 'uint8' } },
  ] satisfies CompressionPlan[]) {
    const steps: number[] = [];
    await compress(model(), dataset(), plan, {
      onValidated: async ({ step }) => {
        steps.push(step);
        return null;
      },
    });
    assert.deepEqual(steps, TENTHS);
  }
});

test('a reason to stop ends the compression with it', async () => {
  const steps: number[] = [];
  const onValidated = async ({ step }: ValidationValue): Promise<string | null> => {
    steps.push(step);
    return step === 30 ? 'leads nowhere' : null;
  };
  await assert.rejects(
    compress(model(), dataset(), PLAN, { onValidated }),
    (error) => error instanceof StoppedEarlyError && error.message === 'leads nowhere',
  );
  assert.deepEqual(steps, [10, 20, 30]);
});
