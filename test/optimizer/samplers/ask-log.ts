/**
 * The first 60 asks of a study as text, to be compared bit for bit with what is stored in test/golden/asks: the same seed must give the
 * same points on every machine. `UPDATE_GOLDEN=1` writes the files anew.
 */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRng } from '../../../optimizer/math/rng.ts';
import type { TestProblem } from '../../../optimizer/problems/test-problem.ts';
import { createSampler, type SamplerKind } from '../../../optimizer/samplers/create-sampler.ts';
import type { ObservedTrial } from '../../../optimizer/samplers/sampler.ts';
import type { SamplerOptions } from '../../../optimizer/samplers/sampler-options.ts';

const folder = new URL('../../golden/asks/', import.meta.url);

/** One JSON line per ask; every sixth trial stays pending for three asks. `restartEvery` asks the sampler is made anew. */
export function askLog(
  kind: SamplerKind,
  { problem, measure }: Pick<TestProblem, 'problem' | 'measure'>,
  seed: number,
  asks: number,
  { restartEvery = asks, ...options }: Partial<SamplerOptions> & { restartEvery?: number } = {},
): string {
  const make = () => createSampler(kind, problem, { seed, budgetTrials: asks, ...options });
  let sampler = make();
  const observed: ObservedTrial[] = [];
  const lines: string[] = [];
  for (let number = 0; number < asks; number++) {
    if (number % restartEvery === restartEvery - 1) sampler = make();
    const [suggestion] = sampler.suggest(observed, createRng(seed, number, 'suggest'), 1).suggestions;
    const { params } = suggestion;
    lines.push(JSON.stringify(params));
    observed.push({ number, state: number % 6 === 5 ? 'pending' : 'completed', params, metrics: measure(params) });
    const late = observed[number - 3];
    if (late?.state === 'pending') observed[number - 3] = { ...late, state: 'completed' };
  }
  return `${lines.join('\n')}\n`;
}

/** Compares with the stored log `name`, or stores it. */
export function checkAskLog(name: string, log: string): void {
  const file = new URL(`${name}.jsonl`, folder);
  if (process.env['UPDATE_GOLDEN'] === '1') {
    mkdirSync(folder, { recursive: true });
    writeFileSync(file, log);
  }
  assert.equal(log, readFileSync(file, 'utf8'));
}
