/** Plans and data that cannot work: a reason for the trial, an error for the data, and nothing left behind by a cancelled training. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { CompressionPlan } from '../../../evaluators/compression-plan.ts';
import { evaluateTrial } from '../../../evaluators/pipeline/evaluate-trial.ts';
import type { EvaluationRequest } from '../../../evaluators/pipeline/evaluation.ts';
import { DatasetError } from '../../../evaluators/train/data/dataset-error.ts';
import type { DatasetSpec } from '../../../evaluators/train/data/load-dataset.ts';
import { board } from '../../support/boards.ts';
import { sharedPath, skipWithoutShared } from '../../support/shared.ts';

const skip = skipWithoutShared();

const DIGITS: DatasetSpec = {
  kind: 'idx',
  images: 'mnist-train1000-images-idx3-ubyte.gz',
  labels: 'mnist-train1000-labels-idx1-ubyte.gz',
};

function request(plan: CompressionPlan, changes: Partial<EvaluationRequest> = {}): EvaluationRequest {
  return {
    model: readFileSync(sharedPath('models', 'lenet', 'lenet5-classic.onnx')),
    dataset: DIGITS,
    datasetFolder: sharedPath('models', 'data'),
    plan,
    boards: [board('nano33ble')],
    limits: [],
    evaluateLimit: 100,
    ...changes,
  };
}

const TRAIN = { epochs: 1, optimizer: 'sgd', learningRate: 0.01, batchSize: 32 } as const;

async function reason(plan: CompressionPlan, changes: Partial<EvaluationRequest> = {}): Promise<string> {
  const { outcome, kit } = await evaluateTrial(request(plan, changes));
  assert.equal(kit, null);
  return outcome.kind === 'infeasible' ? outcome.reason : `${outcome.kind}`;
}

test('what a trial cannot do makes it infeasible, with the reason', { skip }, async () => {
  const structured = { granularity: 'structured', heuristic: 'l1' } as const;
  const cases: [CompressionPlan, RegExp][] = [
    [{ finetune: { ...TRAIN, learningRate: 1e20 } }, /diverged: the loss is (NaN|Infinity) at step \d+/],
    [
      { prune: { ...structured, layers: { '/c1/Conv': { keep: 7 } } } },
      /"\/c1\/Conv" has 6 structures and cannot keep 7/,
    ],
    [{ prune: { ...structured, layers: { '/out/Gemm': 0.5 } } }, /"\/out\/Gemm" cannot be pruned: it is an output/],
    [
      { prune: { ...structured, layers: { nowhere: 0.5 } } },
      /no layer "nowhere"; layers that can be pruned: \/c1\/Conv/,
    ],
    [{ prune: { ...structured, target: { metric: 'macs', remove: 0.99 } } }, /macs cannot fall to \d+.*still \d+/],
    [{ prune: { ...structured, target: { metric: 'params', remove: 1.5 } } }, /remove \(0 to 1\)/],
    [{ restructure: { '/c1/Conv': { lowRank: 5 } } }, /"\/c1\/Conv" .*saves nothing/],
    [{ prune: { granularity: 'nm', heuristic: 'l1', n: 4, m: 2 } }, /1 <= n < m/],
  ];
  for (const [plan, text] of cases) assert.match(await reason(plan), text);
  const limits = [{ name: 'accuracy >= 0.99', metric: 'accuracy', op: '>=', bound: 0.99 }] as const;
  const tiny = { ...structured, target: { metric: 'params', remove: 0.98 } } as const;
  assert.match(await reason({ prune: tiny, finetune: { ...TRAIN, epochs: 4 } }, { limits }), /given up after \d+ %/);
});

test('data that no trial could use is an error of its own', { skip }, async () => {
  const refuses = (dataset: DatasetSpec, code: string): Promise<void> =>
    assert.rejects(
      evaluateTrial(request({ quantize: { format: 'int8' } }, { dataset })),
      (error: unknown) => error instanceof DatasetError && error.code === code,
    );
  await refuses({ ...DIGITS, classes: 7 }, 'LABEL_OUT_OF_RANGE');
  await refuses({ ...DIGITS, classes: 12 }, 'CLASSES_MISMATCH');
  await refuses({ ...DIGITS, inputShape: [1, 14, 56], limit: { train: 0 } }, 'EMPTY');
  await refuses({ ...DIGITS, normalisation: { std: [0] } }, 'BAD_NORMALISATION');
});

/** Garbage collection, with turns of the event loop in which buffers are given back. */
async function collect(): Promise<void> {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  for (let i = 0; i < 4; i++) {
    gc();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test('cancelled in the middle of an epoch: the reason comes back and nothing stays', { skip }, async () => {
  const plan: CompressionPlan = { finetune: { ...TRAIN, epochs: 50, distill: 0.5 }, quantize: { format: 'int8' } };
  const cancelled = async (): Promise<void> => {
    const controller = new AbortController();
    let trained = 0;
    const run = evaluateTrial(request(plan), {
      signal: controller.signal,
      onProgress: ({ stage }) => {
        if (stage === 'finetune' && ++trained === 5) controller.abort(new Error('cancelled by the user'));
      },
    });
    await assert.rejects(run, /cancelled by the user/);
    assert.equal(trained, 5, 'no batch after the cancellation');
  };
  await cancelled();
  await collect();
  const before = process.memoryUsage();
  const resources = process.getActiveResourcesInfo().length;
  for (let i = 0; i < 12; i++) await cancelled();
  await collect();
  const after = process.memoryUsage();
  // One run holds more than 5 MB in its engines.
  assert.ok(after.arrayBuffers - before.arrayBuffers < 4e6, `${after.arrayBuffers - before.arrayBuffers} bytes stay`);
  assert.equal(process.getActiveResourcesInfo().length, resources);
});
