/** A compression cut off anywhere in its trainings and begun again with their checkpoints makes the same network, bit by bit. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { compress } from '../../../evaluators/compress/compress.ts';
import type { CompressionPlan } from '../../../evaluators/compression-plan.ts';
import { exportOnnx } from '../../../evaluators/onnx/export/export-onnx.ts';
import type { finetune } from '../../../evaluators/train/finetune.ts';
import { TrainingJournal } from '../../../evaluators/train/training-journal.ts';
import { QUARTERS, smallNet } from '../train/quarters.ts';

const FINETUNE = { epochs: 6, optimizer: 'sgd', learningRate: 0.05, batchSize: 32, schedule: 'cosine' } as const;

const PLANS: Readonly<Record<string, CompressionPlan>> = {
  'structures in three steps, then training on the grids': {
    prune: {
      granularity: 'structured',
      heuristic: 'gradient',
      schedule: { kind: 'agp', steps: 3 },
      target: { metric: 'params', remove: 0.4 },
    },
    finetune: { ...FINETUNE, distill: 0.5 },
    quantize: { format: 'int8', mode: 'qat' },
    seed: 5,
  },
  'elements in two steps, learned steps': {
    prune: {
      granularity: 'element',
      heuristic: 'l1',
      schedule: { kind: 'iterative', steps: 2 },
      target: { metric: 'params', remove: 0.7 },
    },
    finetune: { ...FINETUNE, optimizer: 'adam', learningRate: 0.01 },
    quantize: { format: 'uint8', mode: 'qat', learnSteps: true },
    seed: 6,
  },
};

for (const [name, plan] of Object.entries(PLANS)) {
  test(name, async (t) => {
    const folder = mkdtempSync(path.join(tmpdir(), 'tinypareto-resume-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const warnings: string[] = [];
    const graph = smallNet();
    const whole = await compress(graph, QUARTERS, plan);

    /** Carries out the plan for at most `limit` training steps; the steps done. */
    const run = async (limit: number) => {
      const journal = new TrainingJournal(folder, { everySeconds: 0, onWarning: (text) => warnings.push(text) });
      let steps = 0;
      const limited: typeof finetune = (network, dataset, share, options) =>
        journal.finetune(network, dataset, share, {
          ...options,
          onProgress: (progress) => {
            options.onProgress?.(progress);
            if (++steps === limit) throw new Error('power cut');
          },
        });
      try {
        return { steps, result: await compress(graph, QUARTERS, plan, { finetune: limited }) };
      } catch (error) {
        assert.match(String(error), /power cut/);
        return { steps };
      }
    };
    let result: Awaited<ReturnType<typeof run>>['result'];
    let runs = 0;
    for (; result === undefined; runs++) ({ result } = await run(17));
    assert.ok(runs >= 6, `${runs} runs`);
    assert.deepEqual(warnings, []);
    assert.deepEqual(exportOnnx(result.floatGraph), exportOnnx(whole.floatGraph));
    assert.ok(result.quantizedGraph !== undefined && whole.quantizedGraph !== undefined);
    assert.deepEqual(exportOnnx(result.quantizedGraph), exportOnnx(whole.quantizedGraph));
    assert.deepEqual(result.report.accuracy, whole.report.accuracy);
  });
}
