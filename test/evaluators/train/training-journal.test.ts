/** Trainings that outlive their process: the same weights bit by bit, and a clean start where a checkpoint cannot be trusted. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { FinetunePlan } from '../../../evaluators/compression-plan.ts';
import type { Graph } from '../../../evaluators/ir/graph.ts';
import { type FinetuneOptions, type FinetuneResult, finetune } from '../../../evaluators/train/finetune.ts';
import { TrainingJournal } from '../../../evaluators/train/training-journal.ts';
import { QUARTERS, smallNet } from './quarters.ts';

const PLAN: FinetunePlan = {
  epochs: 3,
  optimizer: 'adamw',
  learningRate: 0.01,
  momentum: 0.9,
  weightDecay: 1e-3,
  batchSize: 32,
  schedule: 'plateau',
  augment: ['shift', 'noise'],
  labelSmoothing: 0.1,
};

function folderOf(test: TestContext): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'tinypareto-journal-'));
  test.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function assertSame(a: FinetuneResult, b: FinetuneResult): void {
  assert.deepEqual(a.history, b.history);
  assert.equal(a.samples, b.samples);
  assert.equal(a.engine, b.engine);
  for (const [name, { data }] of b.graph.initializers)
    assert.deepEqual(a.graph.initializers.get(name)?.data, data, name);
}

/** Two trainings, the second of what the first made. */
async function trial(
  train: typeof finetune,
  plan: FinetunePlan,
  options: Partial<FinetuneOptions>,
): Promise<readonly [FinetuneResult, FinetuneResult]> {
  const first = await train(smallNet(), QUARTERS, plan, { seed: 4, ...options });
  return [first, await train(first.graph, QUARTERS, { ...plan, epochs: 1 }, { seed: 5, ...options })];
}

function stopAfter(steps: number): Partial<FinetuneOptions> {
  const controller = new AbortController();
  let left = steps;
  return {
    signal: controller.signal,
    onProgress: () => {
      if (--left === 0) controller.abort(new Error('power cut'));
    },
  };
}

test('a trial interrupted in the middle of any epoch ends as if it had not been', async (t) => {
  for (const optimizer of ['adamw', 'sgd'] as const) {
    const plan = { ...PLAN, optimizer };
    const folder = folderOf(t);
    const warnings: string[] = [];
    const journal = () => new TrainingJournal(folder, { everySeconds: 0, onWarning: (text) => warnings.push(text) });
    const whole = await trial(finetune, plan, {});
    for (const steps of [5, 21, 30, 1]) {
      await assert.rejects(trial(journal().finetune, plan, stopAfter(steps)), /power cut/);
    }
    const [first, second] = await trial(journal().finetune, plan, {});
    assertSame(first, whole[0]);
    assertSame(second, whole[1]);
    let steps = 0;
    const again = await trial(journal().finetune, plan, { onProgress: () => steps++ });
    assert.equal(steps, 0, 'finished trainings are recalled');
    assertSame(again[1], whole[1]);
    assert.deepEqual(warnings, []);
  }
});

test('what watches the steps gets back what it saw', async (t) => {
  const folder = folderOf(t);
  const sums: number[] = [];
  for (const steps of [10, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]) {
    let sum = 0;
    const { onProgress, signal } = stopAfter(steps);
    const run = new TrainingJournal(folder, { everySeconds: 0 }).finetune(smallNet(), QUARTERS, PLAN, {
      seed: 1,
      ...(signal === undefined ? {} : { signal }),
      observer: { save: () => Float64Array.of(sum), restore: ([saved]) => (sum = saved) },
      onProgress: (progress) => {
        sum += progress.step;
        onProgress?.(progress);
      },
    });
    await run.catch(() => {});
    sums.push(sum);
  }
  assert.deepEqual(sums.slice(1), [(48 * 49) / 2, (48 * 49) / 2]);
});

test('trainings quicker than the time between checkpoints write nothing', async (t) => {
  const folder = folderOf(t);
  await trial(new TrainingJournal(folder, { everySeconds: 3600 }).finetune, PLAN, {});
  assert.deepEqual(readdirSync(folder), []);
});

test('a damaged checkpoint, or one of another training, starts the training again and says so', async (t) => {
  const folder = folderOf(t);
  const file = path.join(folder, 'training-0');
  const whole = await finetune(smallNet(), QUARTERS, PLAN, { seed: 1 });
  const cut = (graph: Graph) =>
    assert.rejects(
      new TrainingJournal(folder, { everySeconds: 0 }).finetune(graph, QUARTERS, PLAN, { seed: 1, ...stopAfter(9) }),
      /power cut/,
    );
  await cut(smallNet());
  const bytes = readFileSync(file);
  const damages: Record<string, () => void> = {
    'one bit': () =>
      writeFileSync(
        file,
        bytes.map((byte, i) => (i === bytes.length >> 1 ? byte ^ 4 : byte)),
      ),
    'half of it': () => writeFileSync(file, bytes.subarray(0, bytes.length >> 1)),
    'nothing in it': () => writeFileSync(file, ''),
    'not a checkpoint': () => writeFileSync(file, 'hello'.repeat(100)),
  };
  for (const [name, damage] of Object.entries(damages)) {
    damage();
    const warnings: string[] = [];
    const journal = new TrainingJournal(folder, { onWarning: (text) => warnings.push(text) });
    assertSame(await journal.finetune(smallNet(), QUARTERS, PLAN, { seed: 1 }), whole);
    assert.match(warnings.join(), /is damaged/, name);
  }
  writeFileSync(file, bytes);
  const warnings: string[] = [];
  const other = { ...QUARTERS, normalisation: { ...QUARTERS.normalisation, scale: 0.5 } };
  const journal = new TrainingJournal(folder, { onWarning: (text) => warnings.push(text) });
  const expected = await finetune(smallNet(), other, PLAN, { seed: 1 });
  assertSame(await journal.finetune(smallNet(), other, PLAN, { seed: 1 }), expected);
  assert.match(warnings.join(), /another training/);
});

test('a folder that cannot be written costs the checkpoints, not the training', async (t) => {
  const folder = folderOf(t);
  writeFileSync(path.join(folder, 'taken'), '');
  const warnings: string[] = [];
  const options = { everySeconds: 0, onWarning: (text: string) => warnings.push(text) };
  const journal = new TrainingJournal(path.join(folder, 'taken'), options);
  const whole = await finetune(smallNet(), QUARTERS, { ...PLAN, epochs: 0.5 }, { seed: 1 });
  assertSame(await journal.finetune(smallNet(), QUARTERS, { ...PLAN, epochs: 0.5 }, { seed: 1 }), whole);
  assert.ok(warnings.length > 0);
});

test('a process killed in the middle of an epoch loses nothing that was checkpointed', async (t) => {
  const folder = folderOf(t);
  const child = spawn(process.execPath, [fileURLToPath(new URL('./train-until-killed.ts', import.meta.url)), folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let steps = 0;
  await new Promise<void>((resolve) => {
    child.stdout.on('data', (text) => {
      steps += String(text).split('\n').length - 1;
      if (steps >= 20) child.kill('SIGKILL');
    });
    child.on('close', () => resolve());
  });
  assert.equal(child.signalCode, 'SIGKILL');
  assert.ok(existsSync(path.join(folder, 'training-0')));
  const plan = { ...PLAN, epochs: 30 };
  let first = 0;
  const resumed = await new TrainingJournal(folder).finetune(smallNet(), QUARTERS, plan, {
    seed: 7,
    onProgress: ({ step }) => {
      first ||= step;
    },
  });
  assert.ok(first > 10 && first < 480, `went on at step ${first}`);
  assertSame(resumed, await finetune(smallNet(), QUARTERS, plan, { seed: 7 }));
});
