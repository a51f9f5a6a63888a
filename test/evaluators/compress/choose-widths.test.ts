/** Widths chosen by short trainings: the search finds better ones, keeps to its number of tries, and the plan says what it needs. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { chooseWidths, type WidthCandidate } from '../../../evaluators/compress/choose-widths.ts';
import { compress } from '../../../evaluators/compress/compress.ts';
import { CompressionError } from '../../../evaluators/compress/compression-error.ts';
import type { CompressionPlan } from '../../../evaluators/compression-plan.ts';
import { loadDataset } from '../../../evaluators/train/data/load-dataset.ts';
import { createStream } from '../../../evaluators/train/rng.ts';
import { skipWithoutShared } from '../../support/shared.ts';
import { readModel } from './reference-io.ts';

/** Two layers a, b with a · b = 400; the loss is least at a = best. */
async function search(best: number, tries: number, seed: number) {
  const judged: { readonly share: number; readonly a: number }[] = [];
  const of = (a: number): WidthCandidate => ({
    widths: new Map([
      ['a', a],
      ['b', Math.max(1, Math.round(400 / a))],
    ]),
  });
  const stream = createStream(seed, 'test');
  const chosen = await chooseWidths<WidthCandidate>({
    layers: new Map([
      ['a', 64],
      ['b', 64],
    ]),
    tries,
    random: () => stream.nextFloat(),
    fit: async (fixed) => {
      const a = fixed.get('a') ?? (fixed.has('b') ? Math.round(400 / (fixed.get('b') ?? 1)) : 20);
      return a < 7 || a > 64 ? null : of(a);
    },
    judge: async ({ widths }, share) => {
      const a = widths.get('a') ?? Number.NaN;
      judged.push({ share, a });
      return Math.abs(Math.log(a / best));
    },
  });
  return { a: chosen.widths.get('a') ?? Number.NaN, judged };
}

test('never worse than the first, at most as many tries as asked, the same with the same seed', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 8, max: 60 }),
      fc.integer({ min: 2, max: 16 }),
      fc.nat(99),
      async (best, tries, seed) => {
        const { a, judged } = await search(best, tries, seed);
        assert.ok(Math.abs(Math.log(a / best)) <= Math.abs(Math.log(20 / best)) + 1e-12);
        const short = judged.filter(({ share }) => share === 1);
        assert.ok(short.length <= tries && new Set(short.map((each) => each.a)).size === short.length);
        assert.ok(judged.length - short.length <= 3);
        assert.deepEqual(await search(best, tries, seed), { a, judged });
      },
    ),
    { numRuns: 40, seed: 31 },
  );
  assert.ok(Math.abs((await search(45, 12, 1)).a - 45) < 15, 'a dozen tries come near');
});

test('a plan with tryWidths meets its target by held-out samples, and says what is missing', {
  skip: skipWithoutShared(),
}, async () => {
  const graph = readModel('lenet/lenet5-classic');
  const dataset = loadDataset({ kind: 'builtin', builtin: 'mnist', limit: { train: 300, test: 50 } });
  const prune = {
    granularity: 'structured',
    heuristic: 'l1',
    target: { metric: 'params', atMost: 9000 },
    tryWidths: 3,
  } as const;
  const plan: CompressionPlan = { prune, finetune: { epochs: 1, optimizer: 'adam', learningRate: 0.002 }, seed: 1 };
  const tries: string[] = [];
  const { report } = await compress(graph, dataset, plan, {
    onProgress: ({ message }) => {
      if (message.startsWith('width choice')) tries.push(message);
    },
  });
  const { asked = 0, achieved = 0 } = report.achieved.prune?.target ?? {};
  assert.ok(achieved <= asked && achieved > 0.99 * asked, `${achieved} of ${asked}`);
  assert.ok(tries.length >= 3 && tries.length <= 6, tries.join('; '));
  await assert.rejects(
    compress(graph, dataset, { prune }),
    (error) => error instanceof CompressionError && error.code === 'BAD_PLAN' && /finetune/.test(error.message),
  );
});
