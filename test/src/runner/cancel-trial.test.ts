/** Trials that are cancelled in the middle of an epoch take their thread, its memory and its files with them. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { findBoard } from '../../../src/runner/board-specs.ts';
import { TrialPool } from '../../../src/runner/trial-pool.ts';
import { ROOT } from '../../support/run-cli.ts';

const CANCELS = 3;
/** A thread with network, data and engine takes more than 100 MB: three that stayed would show. */
const TOLERANCE_BYTES = 150e6;

const threads = (): number => (process.platform === 'linux' ? readdirSync('/proc/self/task').length : 0);

test('a cancelled evaluation leaves no thread and no memory behind', async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'tinypareto-cancel-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const pool = new TrialPool(1, path.join(folder, 'builds'));
  t.after(() => pool.close());
  const cancelOnce = async (): Promise<void> => {
    const controller = new AbortController();
    const run = pool.run(
      {
        kind: 'evaluate',
        modelFile: path.join(ROOT, 'examples', 'lenet-mnist', 'lenet-mnist.onnx'),
        dataset: { kind: 'builtin', builtin: 'mnist', limit: { train: 1000, test: 100 } },
        boards: [findBoard('pico', 'board')],
        limits: [],
        source: {
          plan: { finetune: { epochs: 50, optimizer: 'sgd', learningRate: 0.01 }, quantize: { format: 'int8' } },
        },
        modelLatency: false,
        reportsIntermediate: false,
        checkpoints: { folder: path.join(folder, 'checkpoints'), everySeconds: 0.2 },
      },
      {
        signal: controller.signal,
        onProgress: ({ stage, fraction }) => {
          if (stage === 'finetune' && fraction > 0.025) controller.abort(new Error('not wanted any more'));
        },
      },
    );
    await assert.rejects(run, /not wanted any more/);
  };
  await cancelOnce();
  await cancelOnce();
  const before = { threads: threads(), rss: process.memoryUsage().rss };
  for (let i = 0; i < CANCELS; i++) await cancelOnce();
  assert.ok(threads() <= before.threads + 1, `${before.threads} threads became ${threads()}`);
  const grown = process.memoryUsage().rss - before.rss;
  assert.ok(grown < TOLERANCE_BYTES, `grown by ${Math.round(grown / 1e6)} MB`);
  assert.ok(readdirSync(path.join(folder, 'checkpoints')).length <= 2, 'one checkpoint, perhaps one being written');
});
