/**
 * Wasted trials where most of the space does not fit: 10 × 10 × 10 × 2 networks of which 70 % need more memory than there is and end
 * infeasible without any value, as an allocation that fails does. The error falls with size, so the best ones lie at the border of what fits.
 * The figure is the share of infeasible asks after the first 20 of 60; Optuna ignores failed trials, so its share is that of the space
 * among the points that its model likes (measured here: the same sampler that is told `failed`, which teaches nothing).
 *   --evals N (60)   --seeds K (3)   --sampler KIND (mobo)
 */
import {
  createRng,
  createSampler,
  createSearchSpace,
  type ObservedTrial,
  type Params,
  SAMPLER_KINDS,
  type SamplerKind,
  type SamplerProblem,
} from '@tinypareto/optimizer';
import { type BenchOptions, type BenchResult, median, option } from './bench-result.ts';

const FIRST = 20;
const SHARE_INFEASIBLE = 0.7;

const width = (name: string) => ({ name, type: 'int', low: 1, high: 10 }) as const;
const space = createSearchSpace([
  width('w1'),
  width('w2'),
  width('w3'),
  { name: 'format', type: 'categorical', choices: ['int8', 'float32'] },
]);

/** Buffers of three layers; the two largest neighbours live at once. */
function memory(params: Params): number {
  const [a, b, c] = ['w1', 'w2', 'w3'].map((name) => Number(params[name]));
  const bytes = params['format'] === 'int8' ? 1 : 4;
  return bytes * Math.max(64 * a + 36 * b, 36 * b + 49 * c);
}

const sizes = [...space.cells()].map(memory).sort((a, b) => a - b);
const limit = sizes[Math.floor((1 - SHARE_INFEASIBLE) * sizes.length)];

const problem: SamplerProblem = {
  space,
  objectives: [
    { metric: 'error', direction: 'minimize', reference: 1 },
    { metric: 'latencyMs', direction: 'minimize', reference: 30 },
  ],
  constraints: [],
};

function measure(params: Params): ObservedTrial['metrics'] {
  const [a, b, c] = ['w1', 'w2', 'w3'].map((name) => Number(params[name]));
  const isFloat = params['format'] === 'float32';
  const error = 0.9 * Math.exp(-(a + 1.5 * b + c) / 12) + (isFloat ? 0 : 0.01);
  const latencyMs = (0.02 * (a * b + b * c) + 0.1 * a) * (isFloat ? 3 : 1);
  return { error: { mean: error }, latencyMs: { mean: latencyMs } };
}

function wastedShare(kind: SamplerKind, seed: number, evaluations: number, told: 'infeasible' | 'failed'): number {
  const sampler = createSampler(kind, problem, { seed, budgetTrials: evaluations });
  const observed: ObservedTrial[] = [];
  for (let number = 0; number < evaluations; number++) {
    const [suggestion] = sampler.suggest(observed, createRng(seed, number, 'suggest'), 1).suggestions;
    if (suggestion === undefined) break;
    const { params } = suggestion;
    const fits = memory(params) <= limit;
    observed.push({ number, state: fits ? 'completed' : told, params, metrics: fits ? measure(params) : {} });
  }
  const late = observed.slice(FIRST);
  return late.filter(({ state }) => state === told).length / late.length;
}

export async function run({ args }: BenchOptions): Promise<BenchResult> {
  const evaluations = Number(option(args, 'evals', '60'));
  const seeds = Number(option(args, 'seeds', '3'));
  const kind = SAMPLER_KINDS.find((k) => k === option(args, 'sampler', 'mobo'));
  if (kind === undefined) throw new RangeError(`--sampler: one of ${SAMPLER_KINDS.join(', ')}`);
  const shares = (told: 'infeasible' | 'failed'): number[] =>
    Array.from({ length: seeds }, (_, seed) => wastedShare(kind, seed, evaluations, told));
  const taught = shares('infeasible');
  const ignored = shares('failed');
  const figure = median(taught);
  const peerFigure = median(ignored);
  return {
    name: 'infeasible',
    figure,
    unit: `share of infeasible asks after the first ${FIRST} of ${evaluations} (${kind}, ${seeds} seeds; 70 % of the space is infeasible)`,
    peer: 'failures ignored, as Optuna does (the same sampler, told nothing)',
    peerFigure,
    ratio: figure === 0 ? null : peerFigure / figure,
    details: { target: 0.15, taught, ignored },
  };
}
