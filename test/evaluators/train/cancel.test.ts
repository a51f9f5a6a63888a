/** A training that is cancelled in the middle of an epoch, again and again: every engine's memory is given back, nobody is left waiting. */
import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { FinetunePlan } from '../../../evaluators/compression-plan.ts';
import { createEngine } from '../../../evaluators/train/engine.ts';
import { finetune } from '../../../evaluators/train/finetune.ts';
import { QUARTERS, smallNet } from './quarters.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const PLAN: FinetunePlan = { epochs: 5, optimizer: 'adam', learningRate: 0.01, batchSize: 256, distill: 0.5 };
const KINDS = createEngine().kind === 'native' ? (['wasm', 'native'] as const) : (['wasm'] as const);
const CANCELS = 12;

/** Memory goes in a few rounds: finalizers run between them. */
async function settle(): Promise<void> {
  for (let round = 0; round < 5; round++) {
    collectGarbage();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

for (const engine of KINDS) {
  test(`cancelling gives back the memory (${engine})`, async () => {
    const memories: WeakRef<ArrayBufferLike>[] = [];
    const graph = smallNet();
    const cancelOnce = async (how: 'abort' | 'throw'): Promise<void> => {
      const controller = new AbortController();
      const run = finetune(graph, QUARTERS, PLAN, {
        seed: 1,
        engine,
        teacher: graph,
        signal: controller.signal,
        beforeStep: (program, step) => {
          if (step === 0) memories.push(new WeakRef(program.input.buffer));
          return undefined;
        },
        onProgress: ({ step }) => {
          if (step !== 3) return;
          if (how === 'throw') throw new Error('cancelled');
          controller.abort(new Error('cancelled'));
        },
      });
      await assert.rejects(run, /cancelled/);
      assert.equal(getEventListeners(controller.signal, 'abort').length, 0);
    };
    await cancelOnce('abort');
    await settle();
    const resources = process.getActiveResourcesInfo().length;
    const before = process.memoryUsage();
    for (let i = 0; i < CANCELS; i++) await cancelOnce(i % 2 === 0 ? 'abort' : 'throw');
    await settle();
    const after = process.memoryUsage();
    assert.equal(memories.length, 1 + CANCELS);
    assert.equal(memories.filter((memory) => memory.deref() !== undefined).length, 0, 'no memory of an engine is left');
    const grown = after.arrayBuffers + after.external - before.arrayBuffers - before.external;
    assert.ok(grown < 2 ** 20, `grown by ${grown} bytes`);
    assert.equal(process.getActiveResourcesInfo().length, resources);
  });
}
